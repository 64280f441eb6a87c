virtctl -n windows stop web01
kubectl -n windows patch virtualmachine web01 --type=json --patch-file=sysprep-gone.yaml
kubectl -n windows delete secret/web01-sysprep
virtctl -n windows start web01
