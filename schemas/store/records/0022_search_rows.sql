-- What is only ever asked beside something narrower is read from search_value, once a candidate: tokens
-- that split a type in a handful of parts have no rows, dates are ordered by time alone.
CREATE TABLE search_date_new(
  param INTEGER NOT NULL,
  start INTEGER NOT NULL,
  finish INTEGER NOT NULL,
  resource INTEGER NOT NULL,
  PRIMARY KEY(param, start, finish, resource)
) WITHOUT ROWID;
INSERT INTO search_date_new(param,start,finish,resource)
  SELECT param,start,finish,resource FROM search_date ORDER BY param,start,finish,resource;
DROP TABLE search_date;
ALTER TABLE search_date_new RENAME TO search_date;

DELETE FROM search_token WHERE param IN (SELECT number FROM word WHERE
  text LIKE '%.category' OR text LIKE '%.class' OR text LIKE '%.gender' OR
  text LIKE '%.clinical-status' OR text LIKE '%.intent');
