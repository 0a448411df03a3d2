-- The rows that searches find candidates by are a projection in a file and on a thread of their own
-- (schemas/store/search): here stands only what changed, until it is in there. What is not yet, is a
-- candidate too.
CREATE TABLE search_change(
  row INTEGER NOT NULL PRIMARY KEY,
  resource INTEGER NOT NULL,
  type INTEGER NOT NULL,             -- word
  gone BLOB,                         -- entries that it has no more
  added BLOB                         -- entries that it has now; NULL = all in search_value
);
-- Beyond what search.db has: it is filled anew from search_value.
INSERT INTO meta(name,value)
  SELECT 'changes_trimmed',1 WHERE EXISTS(SELECT 1 FROM search_value);
DROP TABLE search_token;
DROP TABLE search_reference;
DROP TABLE search_date;
DROP TABLE search_string;
