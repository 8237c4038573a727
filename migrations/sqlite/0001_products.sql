-- Products, and the adjustments of their counters with the reasons for them.
-- Prices and ratings are hundredths, times are microseconds since 1970 in UTC, flags are 0 or 1.

-- Every change of any product, its removal included, takes the next number: a product that is removed and made again never goes back.
CREATE TABLE product_versions (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    last     INTEGER NOT NULL
) STRICT;

INSERT INTO product_versions (only_row, last) VALUES (1, 0);

-- The names of the constraints are part of the program: products_FIELD_check is reported as a broken rule of FIELD.
-- AUTOINCREMENT keeps the id of a removed product from being given again.
CREATE TABLE products (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT NOT NULL,
    description    TEXT NOT NULL DEFAULT '',
    price          INTEGER NOT NULL,
    original_price INTEGER,
    stock          INTEGER NOT NULL DEFAULT 0,
    sku            TEXT NOT NULL UNIQUE,
    category       TEXT NOT NULL,
    subcategory    TEXT,
    brand          TEXT,
    sales          INTEGER NOT NULL DEFAULT 0,
    popularity     INTEGER NOT NULL DEFAULT 0,
    rating         INTEGER NOT NULL DEFAULT 0,
    review_count   INTEGER NOT NULL DEFAULT 0,
    is_published   INTEGER NOT NULL DEFAULT 1,
    is_featured    INTEGER NOT NULL DEFAULT 0,
    main_image_url TEXT,
    created_at     INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000),
    updated_at     INTEGER NOT NULL DEFAULT 0,
    version        INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT products_id_check CHECK (id > 0),
    -- One line of text: at most so many characters, not blank, no control characters (length stops at a NUL, so that it is asked for apart).
    CONSTRAINT products_name_check CHECK (
        length(name) <= 200 AND trim(name) <> '' AND instr(name, char(0)) = 0
        AND name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
    ),
    CONSTRAINT products_description_check CHECK (length(description) <= 10000 AND instr(description, char(0)) = 0),
    CONSTRAINT products_price_check CHECK (price BETWEEN 0 AND 999999999999),
    CONSTRAINT products_original_price_check CHECK (original_price BETWEEN 0 AND 999999999999),
    CONSTRAINT products_stock_check CHECK (stock BETWEEN 0 AND 1000000000000),
    CONSTRAINT products_sku_check CHECK (
        length(sku) <= 64 AND trim(sku) <> '' AND instr(sku, char(0)) = 0
        AND sku NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
    ),
    CONSTRAINT products_category_check CHECK (
        length(category) <= 64 AND trim(category) <> '' AND instr(category, char(0)) = 0
        AND category NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
    ),
    CONSTRAINT products_subcategory_check CHECK (
        length(subcategory) <= 64 AND trim(subcategory) <> '' AND instr(subcategory, char(0)) = 0
        AND subcategory NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
    ),
    CONSTRAINT products_brand_check CHECK (
        length(brand) <= 100 AND trim(brand) <> '' AND instr(brand, char(0)) = 0
        AND brand NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
    ),
    CONSTRAINT products_sales_check CHECK (sales BETWEEN 0 AND 1000000000000),
    CONSTRAINT products_popularity_check CHECK (popularity BETWEEN 0 AND 1000000000000),
    CONSTRAINT products_rating_check CHECK (rating BETWEEN 0 AND 500),
    CONSTRAINT products_review_count_check CHECK (review_count BETWEEN 0 AND 1000000000000),
    CONSTRAINT products_is_published_check CHECK (is_published IN (0, 1)),
    CONSTRAINT products_is_featured_check CHECK (is_featured IN (0, 1)),
    CONSTRAINT products_main_image_url_check CHECK (
        length(main_image_url) <= 2048 AND instr(main_image_url, char(0)) = 0
        AND (main_image_url GLOB 'https://*' OR main_image_url GLOB 'http://*' OR main_image_url GLOB '/*')
    ),
    -- The years 1 to 9998.
    CONSTRAINT products_created_at_check CHECK (created_at >= -62135596800000000 AND created_at < 253370764800000000)
) STRICT;

-- Stamps each change, whoever makes it. A new row counts as changed when it was made, an imported one included.
CREATE TRIGGER products_stamp_insert AFTER INSERT ON products
BEGIN
    UPDATE product_versions SET last = last + 1;
    UPDATE products SET version = (SELECT last FROM product_versions), updated_at = created_at WHERE id = NEW.id;
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
END;

CREATE TRIGGER products_stamp_delete AFTER DELETE ON products
BEGIN
    UPDATE product_versions SET last = last + 1;
END;

CREATE TRIGGER products_keep_id BEFORE UPDATE OF id ON products WHEN NEW.id IS NOT OLD.id
BEGIN
    SELECT RAISE(ABORT, 'the id of a product cannot change');
END;

CREATE TRIGGER products_keep_version BEFORE UPDATE OF version ON products
WHEN NEW.version IS NOT (SELECT last FROM product_versions)
BEGIN
    SELECT RAISE(ABORT, 'the version of a product is given by the database');
END;

-- One index for each list, newest first; what a list filters by besides stands last, so that pages and totals need no table row.
CREATE INDEX products_newest ON products (created_at, id, is_featured);
CREATE INDEX products_newest_published ON products (created_at, id, is_featured) WHERE is_published = 1;
CREATE INDEX products_newest_featured ON products (created_at, id, is_published) WHERE is_featured = 1;
CREATE INDEX products_category ON products (category, created_at, id, is_featured);
CREATE INDEX products_category_published ON products (category, created_at, id, is_featured) WHERE is_published = 1;
CREATE INDEX products_category_featured ON products (category, created_at, id, is_published) WHERE is_featured = 1;

-- The statistics, without reading a single description.
CREATE INDEX products_figures ON products (is_published, is_featured, stock, sales);

-- Who changed counters by how much, and why. It outlives the product, so it does not refer to it.
CREATE TABLE product_adjustments (
    id          INTEGER PRIMARY KEY,
    product_id  INTEGER NOT NULL,
    stock       INTEGER NOT NULL,
    sales       INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    version     INTEGER NOT NULL,
    adjusted_at INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000),
    CONSTRAINT product_adjustments_change_check CHECK (stock <> 0 OR sales <> 0),
    CONSTRAINT product_adjustments_reason_check CHECK (length(reason) BETWEEN 1 AND 200)
) STRICT;

CREATE INDEX product_adjustments_of_product ON product_adjustments (product_id, id);
