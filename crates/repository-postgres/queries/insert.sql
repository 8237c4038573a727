INSERT INTO products (
    name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9,
    coalesce($10::bigint, 0), coalesce($11::bigint, 0), coalesce($12::numeric, 0), coalesce($13::bigint, 0), $14,
    $15, $16
)
RETURNING
    id, name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url, created_at, updated_at, version,
    pg_current_xact_id()::text::bigint, outbox_timeline()
