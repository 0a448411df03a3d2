-- Which resources have which value: candidates for a search, never its answer. Numbers of resources,
-- parameters and systems are those of records.db.
CREATE TABLE meta(
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta(name,value) VALUES('position',0);   -- the last row of search_change that is in here
CREATE TABLE search_token(
  param INTEGER NOT NULL,
  code TEXT NOT NULL,
  resource INTEGER NOT NULL,
  system INTEGER NOT NULL,           -- word; 0 = none
  PRIMARY KEY(param, code, resource, system)
) WITHOUT ROWID;
CREATE TABLE search_reference(
  id TEXT NOT NULL,
  param INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  type INTEGER NOT NULL,             -- word; 0 = unknown, id is then the whole text
  PRIMARY KEY(id, param, resource, type)
) WITHOUT ROWID;
CREATE TABLE search_date(
  param INTEGER NOT NULL,
  start INTEGER NOT NULL,
  finish INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  PRIMARY KEY(param, start, finish, resource)
) WITHOUT ROWID;
CREATE TABLE search_string(
  param INTEGER NOT NULL,
  folded TEXT NOT NULL,              -- no case, no accents
  resource INTEGER NOT NULL,
  PRIMARY KEY(param, folded, resource)
) WITHOUT ROWID;
