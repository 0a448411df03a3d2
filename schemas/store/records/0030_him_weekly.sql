-- Hours of the weekly list of physicians in jeopardy that are over, whether there was one or not.
CREATE TABLE him_weekly (
  due INTEGER PRIMARY KEY,
  written INTEGER NOT NULL
);
