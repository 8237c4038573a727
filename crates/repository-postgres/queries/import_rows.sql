INSERT INTO products (
    id, created_at, name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url
)
SELECT *
FROM unnest(
    $1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::numeric[], $6::numeric[], $7::bigint[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::numeric[], $15::bigint[], $16::boolean[],
    $17::boolean[], $18::text[]
)
ON CONFLICT (id) DO NOTHING
