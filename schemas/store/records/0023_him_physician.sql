-- Numbers of physicians with who gave them (XCN.9): two authorities may give one number to two people.
-- `id` is what owners are kept under: the number alone for the first, "number@authority" for others.
CREATE TABLE him_physician (
  number TEXT NOT NULL,
  system TEXT NOT NULL,              -- Identifier.system; '' = the sender names no authority
  id TEXT NOT NULL,
  name TEXT NOT NULL,                -- "Adams, Ruth"
  PRIMARY KEY (number, system)
) WITHOUT ROWID;
INSERT INTO him_physician SELECT DISTINCT id, '', id, '' FROM him_practitioner;
