-- What unsent letters ask for, so that one whose items are done meanwhile is not sent as it was
-- written: it names what is left of them, or is cancelled.
ALTER TABLE him_letter ADD COLUMN cancelled BIGINT;
ALTER TABLE him_letter ADD COLUMN cancelled_why TEXT NOT NULL DEFAULT '';
CREATE TABLE him_letter_item (
  deficiency TEXT NOT NULL,
  letter BIGINT NOT NULL,
  PRIMARY KEY (deficiency, letter)
) WITHOUT ROWID;
CREATE INDEX him_letter_item_letter ON him_letter_item (letter);
INSERT OR IGNORE INTO him_letter_item (deficiency, letter)
  SELECT item.value, one.number FROM him_letter AS one, json_each(one.deficiencies) AS item
  WHERE one.sent IS NULL;
