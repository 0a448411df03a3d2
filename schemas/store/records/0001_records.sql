-- Projections of the journal. Texts that repeat are words, named by number.
CREATE TABLE word(
  number INTEGER NOT NULL PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
-- position, next outbox row, and counters kept in the same transaction as what they count.
CREATE TABLE meta(
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
);

-- One small row a resource: an update dirties one page here and appends to version.
CREATE TABLE resource(
  number INTEGER NOT NULL PRIMARY KEY,
  type INTEGER NOT NULL,             -- word
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  row INTEGER NOT NULL,              -- the current version
  deleted INTEGER NOT NULL,
  updated INTEGER NOT NULL,          -- microseconds since 1970
  sender INTEGER NOT NULL,           -- word: who stamped it last; 0 = nobody
  event_time INTEGER NOT NULL,       -- that sender's newest
  indexed INTEGER NOT NULL           -- hash of its search values; 0 = none
);
CREATE UNIQUE INDEX resource_by_id ON resource(type, id);

-- All versions, the current one too: append only.
CREATE TABLE version(
  row INTEGER NOT NULL PRIMARY KEY,
  resource INTEGER NOT NULL,
  version INTEGER NOT NULL,
  previous INTEGER NOT NULL,         -- row of version - 1; 0 = none
  sequence INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  packed INTEGER NOT NULL,           -- body is zstd
  body BLOB NOT NULL
);
-- Every 32nd version, so that an old one is at most 31 steps from a mark.
CREATE TABLE version_mark(
  resource INTEGER NOT NULL,
  version INTEGER NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY(resource, version)
) WITHOUT ROWID;

-- Newest event time of the senders that are not the last one.
CREATE TABLE stamp(
  resource INTEGER NOT NULL,
  sender INTEGER NOT NULL,
  event_time INTEGER NOT NULL,
  PRIMARY KEY(resource, sender)
) WITHOUT ROWID;

-- What stands in the index tables for a resource: changes write the difference only.
CREATE TABLE search_value(
  resource INTEGER NOT NULL PRIMARY KEY,
  params TEXT NOT NULL,              -- ",12,15,": parameters that have a value
  entries BLOB NOT NULL
);
-- param: word "Patient.identifier".
CREATE TABLE search_token(
  param INTEGER NOT NULL,
  code TEXT NOT NULL,
  resource INTEGER NOT NULL,
  system INTEGER NOT NULL,           -- word; 0 = none
  PRIMARY KEY(param, code, resource, system)
) WITHOUT ROWID;
CREATE TABLE search_reference(
  param INTEGER NOT NULL,
  id TEXT NOT NULL,
  type INTEGER NOT NULL,             -- word; 0 = unknown, id is then the whole text
  resource INTEGER NOT NULL,
  PRIMARY KEY(param, id, type, resource)
) WITHOUT ROWID;
-- start inclusive, finish exclusive; microseconds since 1970.
CREATE TABLE search_date(
  resource INTEGER NOT NULL,
  param INTEGER NOT NULL,
  start INTEGER NOT NULL,
  finish INTEGER NOT NULL,
  PRIMARY KEY(resource, param, start, finish)
) WITHOUT ROWID;
CREATE INDEX search_date_by_start ON search_date(param, start, finish, resource);
CREATE TABLE search_string(
  param INTEGER NOT NULL,
  folded TEXT NOT NULL,              -- no case, no accents
  resource INTEGER NOT NULL,
  PRIMARY KEY(param, folded, resource)
) WITHOUT ROWID;

CREATE TABLE resource_key(
  type INTEGER NOT NULL,             -- word
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY(type, key)
) WITHOUT ROWID;

CREATE TABLE message(
  sequence INTEGER NOT NULL PRIMARY KEY,
  state INTEGER NOT NULL,            -- store::MessageState::State
  feed INTEGER NOT NULL,             -- word
  control_id TEXT NOT NULL,
  type INTEGER NOT NULL,             -- word
  error TEXT NOT NULL,
  mapping INTEGER NOT NULL,          -- word: mapping hash
  received INTEGER NOT NULL,
  lanes TEXT NOT NULL,               -- one a line
  resources INTEGER NOT NULL,
  issues TEXT NOT NULL
);
CREATE INDEX message_failed ON message(sequence) WHERE state = 1;

CREATE TABLE outbox(
  row INTEGER NOT NULL PRIMARY KEY,
  destination INTEGER NOT NULL,      -- word
  sequence INTEGER NOT NULL,
  part INTEGER NOT NULL,
  state INTEGER NOT NULL,            -- store::OutboxItem::State
  attempts INTEGER NOT NULL,
  created INTEGER NOT NULL,
  lanes TEXT NOT NULL,               -- one a line, as the next two
  after TEXT NOT NULL,
  resources TEXT NOT NULL,           -- type/id/version
  identifier TEXT NOT NULL,
  traceparent TEXT NOT NULL,
  error TEXT NOT NULL
);
CREATE INDEX outbox_by_sequence ON outbox(destination, sequence, part);
-- Parked items are the exceptions: a long list of them must not slow the queue.
CREATE INDEX outbox_queue ON outbox(destination, row) WHERE state <> 1;
CREATE INDEX outbox_parked ON outbox(destination, row) WHERE state = 1;
