-- Message types that a feed without a declared list was seen to bring: rules that need a type stay
-- silent until one of its messages came.
CREATE TABLE him_carried (
  feed TEXT NOT NULL,
  type TEXT NOT NULL,                -- MSH-9.1
  PRIMARY KEY (feed, type)
) WITHOUT ROWID;
