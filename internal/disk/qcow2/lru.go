package qcow2

import "container/list"

// lru keeps the byte slices that were used last. It is not safe for use by several goroutines.
type lru struct {
	limit int // how many
	order *list.List
	items map[int64]*list.Element
}

type lruItem struct {
	key  int64
	data []byte
}

func newLRU(limit int) *lru {
	return &lru{limit: limit, order: list.New(), items: map[int64]*list.Element{}}
}

// get returns nil for what is not kept.
func (c *lru) get(key int64) []byte {
	e := c.items[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*lruItem).data
}

func (c *lru) put(key int64, data []byte) {
	if e := c.items[key]; e != nil {
		e.Value.(*lruItem).data = data
		c.order.MoveToFront(e)
		return
	}
	if c.order.Len() >= c.limit {
		last := c.order.Back()
		delete(c.items, c.order.Remove(last).(*lruItem).key)
	}
	c.items[key] = c.order.PushFront(&lruItem{key, data})
}

// wipe zeroes what is kept and forgets it.
func (c *lru) wipe() {
	for e := c.order.Front(); e != nil; e = e.Next() {
		clear(e.Value.(*lruItem).data)
	}
	c.order.Init()
	clear(c.items)
}
