-- Sorted and searched lists, what a change touched, counted views, and the key that servers sign with.

-- One index for each order of a list, once for everything and once for each category. What a list filters by besides stands last, so that
-- pages and totals need no table row; totals are counted by price.
DROP INDEX products_newest;
DROP INDEX products_newest_published;
DROP INDEX products_newest_featured;
DROP INDEX products_category;
DROP INDEX products_category_published;
DROP INDEX products_category_featured;
CREATE INDEX products_by_created_at ON products (created_at, id, is_published, is_featured, price);
CREATE INDEX products_by_price ON products (price, id, is_published, is_featured);
CREATE INDEX products_by_sales ON products (sales, popularity, id, is_published, is_featured, price);
CREATE INDEX products_by_popularity ON products (popularity, id, is_published, is_featured, price);
CREATE INDEX products_by_rating ON products (rating, id, is_published, is_featured, price);
CREATE INDEX products_in_category_by_created_at ON products (category, created_at, id, is_published, is_featured, price);
CREATE INDEX products_in_category_by_price ON products (category, price, id, is_published, is_featured);
CREATE INDEX products_in_category_by_sales ON products (category, sales, popularity, id, is_published, is_featured, price);
CREATE INDEX products_in_category_by_popularity ON products (category, popularity, id, is_published, is_featured, price);
CREATE INDEX products_in_category_by_rating ON products (category, rating, id, is_published, is_featured, price);

-- Each three characters in a row, in small letters, and where they stand: a word of three or more is a run of them, exactly. Texts are kept
-- with two characters behind them that no word has, so that each of their characters begins a term, the last ones too: a shorter word is the
-- beginning of terms, which products_terms lists in their order. Writing to this table needs SQLite 3.43.
CREATE VIRTUAL TABLE products_text USING fts5(name, description, content = '', contentless_delete = 1, tokenize = 'trigram');
CREATE VIRTUAL TABLE products_terms USING fts5vocab('products_text', 'instance');

INSERT INTO products_text (rowid, name, description)
SELECT id, name || char(1, 1), description || char(1, 1) FROM products;

-- Whether new products wait to be put into the index together: each statement that is open flushes it, which costs more than the rest. An import
-- sets this and takes it back within its transaction, so that nobody else ever sees it set.
CREATE TABLE products_text_state (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    is_deferred INTEGER NOT NULL DEFAULT 0 CHECK (is_deferred IN (0, 1))
) STRICT;

INSERT INTO products_text_state (only_row) VALUES (1);

-- What OR REPLACE removed without a trigger stays behind until its id comes again; no list shows what is no product any more.
CREATE TRIGGER products_index_insert AFTER INSERT ON products
WHEN NOT (SELECT is_deferred FROM products_text_state)
BEGIN
    DELETE FROM products_text WHERE rowid = NEW.id;
    INSERT INTO products_text (rowid, name, description) VALUES (NEW.id, NEW.name || char(1, 1), NEW.description || char(1, 1));
END;

CREATE TRIGGER products_index_update AFTER UPDATE OF name, description ON products
WHEN OLD.name <> NEW.name OR OLD.description <> NEW.description
BEGIN
    DELETE FROM products_text WHERE rowid = NEW.id;
    INSERT INTO products_text (rowid, name, description) VALUES (NEW.id, NEW.name || char(1, 1), NEW.description || char(1, 1));
END;

CREATE TRIGGER products_index_delete AFTER DELETE ON products
BEGIN
    DELETE FROM products_text WHERE rowid = OLD.id;
END;

-- Which aspects of the product changed, as a sum: 1 text, 2 price, 4 stock, 8 sales, 16 rating, 32 popularity. NULL: it is not known.
ALTER TABLE outbox ADD COLUMN changed INTEGER;

DROP TRIGGER products_stamp_insert;
DROP TRIGGER products_stamp_update;
DROP TRIGGER products_stamp_delete;

-- A new row counts as changed when it was made, an imported one included.
CREATE TRIGGER products_stamp_insert AFTER INSERT ON products
BEGIN
    UPDATE product_versions SET last = last + 1;
    UPDATE products SET version = (SELECT last FROM product_versions), updated_at = created_at WHERE id = NEW.id;
    INSERT INTO outbox (product_id, version, after_category, after_featured, after_published, changed)
    VALUES (NEW.id, (SELECT last FROM product_versions), NEW.category, NEW.is_featured, NEW.is_published, 0);
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
        product_id, version, before_category, before_featured, before_published, after_category, after_featured, after_published, changed
    )
    VALUES (
        NEW.id, (SELECT last FROM product_versions), OLD.category, OLD.is_featured,
        -- A product that moves within its lists counts as listed anew.
        CASE OLD.created_at WHEN NEW.created_at THEN OLD.is_published ELSE 1 - NEW.is_published END,
        NEW.category, NEW.is_featured, NEW.is_published,
        (OLD.name <> NEW.name OR OLD.description <> NEW.description) + 2 * (OLD.price <> NEW.price)
            + 4 * (OLD.stock <> NEW.stock) + 8 * (OLD.sales <> NEW.sales) + 16 * (OLD.rating <> NEW.rating)
            + 32 * (OLD.popularity <> NEW.popularity)
    );
END;

CREATE TRIGGER products_stamp_delete AFTER DELETE ON products
BEGIN
    UPDATE product_versions SET last = last + 1;
    INSERT INTO outbox (product_id, version, before_category, before_featured, before_published, changed)
    VALUES (OLD.id, (SELECT last FROM product_versions), OLD.category, OLD.is_featured, OLD.is_published, 0);
END;

-- Batches of views that were added, so that none is added twice.
CREATE TABLE view_batches (
    id       BLOB PRIMARY KEY,
    added_at INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000),
    CONSTRAINT view_batches_id_check CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;

CREATE INDEX view_batches_added ON view_batches (added_at);

-- With it servers sign what clients bring back. SQLite draws it from ChaCha20, which it seeds from the system's own source.
CREATE TABLE signing_key (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    bytes    BLOB NOT NULL DEFAULT (randomblob(32)) CHECK (length(bytes) = 32)
) STRICT;

INSERT INTO signing_key (only_row) VALUES (1);
