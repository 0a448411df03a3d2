-- Whether a rung above this key names the same resource: then another key on that rung is another
-- resource, although the two agree here.
ALTER TABLE resource_key ADD COLUMN under INTEGER NOT NULL DEFAULT 0;
