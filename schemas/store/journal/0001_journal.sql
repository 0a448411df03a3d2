-- One segment of the journal. Keys on the hot path only grow: nothing here is inserted in the middle.
CREATE TABLE entry(
  sequence INTEGER NOT NULL PRIMARY KEY,
  kind INTEGER NOT NULL,           -- store::EntryKind
  received INTEGER NOT NULL,       -- microseconds since 1970, UTC
  flags INTEGER NOT NULL,          -- 1 ACK positive, 2 changed body, 4 raw is zstd
  cites INTEGER NOT NULL,          -- sequence re-run or edited; 0 = none
  feed TEXT NOT NULL,
  peer TEXT NOT NULL,
  sender TEXT NOT NULL,
  control_id TEXT NOT NULL,
  type TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  seal INTEGER NOT NULL,           -- XXH64 of all the other columns but raw
  digest BLOB NOT NULL,            -- SHA-256 of the message as it came
  body_digest BLOB NOT NULL,       -- the same without MSH-7 and MSH-13
  ack BLOB NOT NULL,
  raw BLOB NOT NULL
);
-- The small columns that look-ups need, apart, so that a start reads 7 MB rather than a whole segment.
-- Indexed when the segment is sealed, never before.
CREATE TABLE entry_key(
  sequence INTEGER NOT NULL PRIMARY KEY,
  control_hash INTEGER NOT NULL,
  key_hash INTEGER,                -- sender, control id, feed; NULL: takes no part in duplicates
  body_prefix INTEGER
);
-- Written when the segment is sealed: one row.
CREATE TABLE segment_seal(
  one INTEGER NOT NULL PRIMARY KEY CHECK(one = 1),
  last_sequence INTEGER NOT NULL,
  received_min INTEGER NOT NULL,
  received_max INTEGER NOT NULL,
  bloom BLOB NOT NULL              -- over key_hash
);
