-- The outbox: what every committed change of products leaves behind in its own transaction, for whoever has to forget cached copies.

-- One row for each changed product, or one without a product: anything may have changed. No category: it did not exist, or no longer does.
-- One transaction writes at a time, and a number is never given again: numbers are in the order of commits.
CREATE TABLE outbox (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    written_at       INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000),
    product_id       INTEGER,
    version          INTEGER,
    before_category  TEXT,
    before_featured  INTEGER,
    before_published INTEGER,
    after_category   TEXT,
    after_featured   INTEGER,
    after_published  INTEGER,
    taken_by         BLOB
) STRICT;

CREATE INDEX outbox_pending ON outbox (id) WHERE taken_by IS NULL;

-- For which server rows count as taken, the highest row that was deleted, and the life of the database to which numbers of rows belong.
CREATE TABLE outbox_state (
    only_row        INTEGER PRIMARY KEY CHECK (only_row = 1),
    current         BLOB,
    deleted_through INTEGER NOT NULL DEFAULT 0,
    timeline        INTEGER NOT NULL DEFAULT (random())
) STRICT;

INSERT INTO outbox_state (only_row) VALUES (1);

-- A statement that changes very many products ends as one row for everything. SQLite's clock stands still within a statement, which tells its
-- rows from others; should those of another fall into the same millisecond, the later row for everything speaks for them too.
CREATE TRIGGER outbox_collapse AFTER INSERT ON outbox
WHEN NEW.product_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM outbox WHERE id = NEW.id - 1000 AND written_at = NEW.written_at)
BEGIN
    DELETE FROM outbox WHERE id >= NEW.id - 1000 AND written_at = NEW.written_at;
    INSERT INTO outbox (taken_by) VALUES (NULL);
END;

-- What the statement changes after that: the row for everything takes the next number, so that nobody has heard of it yet.
CREATE TRIGGER outbox_collapse_on AFTER INSERT ON outbox
WHEN NEW.product_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM outbox WHERE id = NEW.id - 1 AND product_id IS NULL AND written_at = NEW.written_at)
BEGIN
    DELETE FROM outbox WHERE id >= NEW.id - 1;
    INSERT INTO outbox (taken_by) VALUES (NULL);
END;

-- The triggers that stamp changes announce them as well: of two triggers of one event SQLite does not say which comes first.
DROP TRIGGER products_stamp_insert;
DROP TRIGGER products_stamp_update;
DROP TRIGGER products_stamp_delete;

-- A new row counts as changed when it was made, an imported one included.
CREATE TRIGGER products_stamp_insert AFTER INSERT ON products
BEGIN
    UPDATE product_versions SET last = last + 1;
    UPDATE products SET version = (SELECT last FROM product_versions), updated_at = created_at WHERE id = NEW.id;
    INSERT INTO outbox (product_id, version, after_category, after_featured, after_published)
    VALUES (NEW.id, (SELECT last FROM product_versions), NEW.category, NEW.is_featured, NEW.is_published);
END;

-- All columns but those that this trigger sets itself. The time never goes back, even if the clock does.
CREATE TRIGGER products_stamp_update AFTER UPDATE OF
    name, description, price, original_price, stock, sku, category, subcategory, brand, sales, popularity, rating, review_count,
    is_published, is_featured, main_image_url, created_at
ON products
BEGIN
    UPDATE product_versions SET last = last + 1;
    UPDATE products
    SET version = (SELECT last FROM product_versions),
        updated_at = max(OLD.updated_at, CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000)
    WHERE id = NEW.id;
    INSERT INTO outbox (
        product_id, version, before_category, before_featured, before_published, after_category, after_featured, after_published
    )
    VALUES (
        NEW.id, (SELECT last FROM product_versions), OLD.category, OLD.is_featured,
        -- A product that moves within its lists counts as listed anew.
        CASE OLD.created_at WHEN NEW.created_at THEN OLD.is_published ELSE 1 - NEW.is_published END,
        NEW.category, NEW.is_featured, NEW.is_published
    );
END;

CREATE TRIGGER products_stamp_delete AFTER DELETE ON products
BEGIN
    UPDATE product_versions SET last = last + 1;
    INSERT INTO outbox (product_id, version, before_category, before_featured, before_published)
    VALUES (OLD.id, (SELECT last FROM product_versions), OLD.category, OLD.is_featured, OLD.is_published);
END;

-- OR REPLACE removes the rows that are in the way without a trigger.
CREATE TRIGGER products_announce_replaced_by_insert BEFORE INSERT ON products
WHEN EXISTS (SELECT 1 FROM products WHERE id = NEW.id OR sku = NEW.sku)
BEGIN
    INSERT INTO outbox (taken_by) VALUES (NULL);
END;

CREATE TRIGGER products_announce_replaced_by_update BEFORE UPDATE OF sku ON products
WHEN EXISTS (SELECT 1 FROM products WHERE sku = NEW.sku AND id <> NEW.id)
BEGIN
    INSERT INTO outbox (taken_by) VALUES (NULL);
END;
