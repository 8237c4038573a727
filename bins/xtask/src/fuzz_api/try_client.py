"""Reads, writes, searches and pages with the client that was made from the document."""

import os
import sys

from client import AuthenticatedClient
from client.api.lists import list_products, search_products
from client.api.products import create_product, delete_product, read_product, read_products
from client.models import ProductDraft

larder = AuthenticatedClient(base_url=sys.argv[1], token=os.environ["LARDER_TOKEN"])

draft = ProductDraft(name="Generated tea 绿茶", price=12.5, sku="GENERATED-1", category="generated")
made = create_product.sync_detailed(client=larder, body=draft)
assert made.status_code == 201, made
product = made.parsed
assert (product.name, product.price, product.category) == (draft.name, 12.5, "generated"), product

tag = read_product.sync_detailed(product.id, client=larder)
assert tag.status_code == 200 and tag.parsed.sku == "GENERATED-1", tag
again = read_product.sync_detailed(product.id, client=larder, if_none_match=tag.headers["etag"])
assert again.status_code == 304, again

found = search_products.sync(client=larder, query="绿茶", category="generated")
assert [each.id for each in found.products] == [product.id], found

batch = read_products.sync(client=larder, body=[product.id, 2**60])
assert batch.missing == [2**60], batch

seen, cursor = [], None
while True:
    page = list_products.sync(client=larder, size=300, **({"cursor": cursor} if cursor else {}))
    seen += [each.id for each in page.products]
    cursor = page.next_cursor
    if not cursor:
        break
assert len(seen) == len(set(seen)) == page.total, (len(seen), page.total)

gone = delete_product.sync_detailed(product.id, client=larder)
assert gone.status_code == 204, gone
assert read_product.sync_detailed(product.id, client=larder).status_code == 404
print(f"the generated client read, wrote, searched and paged through {len(seen)} products")
