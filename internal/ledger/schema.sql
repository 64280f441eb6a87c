-- The table of a ledger that many hosts share. Lines are only ever added: builders need SELECT, and INSERT of all but seq and written_by.
create table if not exists offlinejoin_ledger (
  seq         bigint generated always as identity primary key,
  id          text not null,                                  -- of the use: its intent and its outcome have the same
  event       text not null,
  at          timestamptz not null default clock_timestamp(), -- by this server's clock
  fingerprint text not null,
  sid         text not null,                                  -- of the account; empty: not known
  name        text not null,                                  -- of the machine
  machine_sid text not null,                                  -- of the installation; empty: not known
  ends        text[] not null,                                -- the uses that this event takes out of force
  written_by  text not null default session_user,
  line        json not null                                   -- as a ledger file has it
);
create unique index if not exists offlinejoin_ledger_once on offlinejoin_ledger (id, event)
  where event in ('intent', 'staged', 'cancelled');
create index if not exists offlinejoin_ledger_id on offlinejoin_ledger (id);
create index if not exists offlinejoin_ledger_fingerprint on offlinejoin_ledger (fingerprint);
create index if not exists offlinejoin_ledger_sid on offlinejoin_ledger (sid) where sid <> '';
create index if not exists offlinejoin_ledger_name on offlinejoin_ledger (name);
create index if not exists offlinejoin_ledger_machine_sid on offlinejoin_ledger (machine_sid, seq desc) where machine_sid <> '';
create index if not exists offlinejoin_ledger_ends on offlinejoin_ledger using gin (ends) where ends <> '{}';
