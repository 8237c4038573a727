-- One row if the product exists: what it became, or NULLs if it is not at the version $2, where it was before, and which aspects of it
-- changed.
-- A parameter that is NULL leaves its column alone; a column that may be NULL has a flag before its value instead.
WITH before AS MATERIALIZED (
    SELECT
        id, category, is_featured, is_published, name, description, price, stock, sales, rating, popularity
    FROM products
    WHERE id = $1
    FOR UPDATE
),
changed AS (
    UPDATE products AS p
    SET
        name = coalesce($3, p.name),
        description = coalesce($4, p.description),
        price = coalesce($5, p.price),
        original_price = CASE WHEN $6 THEN $7 ELSE p.original_price END,
        stock = coalesce($8, p.stock),
        sku = coalesce($9, p.sku),
        category = coalesce($10, p.category),
        subcategory = CASE WHEN $11 THEN $12 ELSE p.subcategory END,
        brand = CASE WHEN $13 THEN $14 ELSE p.brand END,
        sales = coalesce($15, p.sales),
        popularity = coalesce($16, p.popularity),
        rating = coalesce($17, p.rating),
        review_count = coalesce($18, p.review_count),
        is_published = coalesce($19, p.is_published),
        is_featured = coalesce($20, p.is_featured),
        main_image_url = CASE WHEN $21 THEN $22 ELSE p.main_image_url END
    FROM before
    WHERE p.id = before.id AND ($2::bigint IS NULL OR p.version = $2)
    RETURNING
        p.id, p.name, p.description, p.price, p.original_price, p.stock, p.sku, p.category, p.subcategory, p.brand,
        p.sales, p.popularity, p.rating, p.review_count, p.is_published, p.is_featured, p.main_image_url,
        p.created_at, p.updated_at, p.version
)
SELECT
    changed.id, changed.name, changed.description, changed.price, changed.original_price, changed.stock,
    changed.sku, changed.category, changed.subcategory, changed.brand,
    changed.sales, changed.popularity, changed.rating, changed.review_count, changed.is_published,
    changed.is_featured, changed.main_image_url, changed.created_at, changed.updated_at, changed.version,
    before.category, before.is_featured, before.is_published,
    product_aspects(
        (before.name, before.description) <> (changed.name, changed.description),
        before.price <> changed.price, before.stock <> changed.stock, before.sales <> changed.sales,
        before.rating <> changed.rating, before.popularity <> changed.popularity
    ),
    pg_current_xact_id()::text::bigint, outbox_timeline()
FROM before
LEFT JOIN changed ON true
