SELECT
    count(*),
    count(*) FILTER (WHERE is_published),
    count(*) FILTER (WHERE is_featured),
    coalesce(sum(stock), 0),
    coalesce(sum(sales), 0)
FROM products
