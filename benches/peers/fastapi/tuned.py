"""The recipe as an expert would write it: everything asynchronous, bytes from end to end, no validation of one's own answers."""

import os
import time
from contextlib import asynccontextmanager

import asyncpg
import orjson
import redis.asyncio
from fastapi import FastAPI, Request, Response

USES_REDIS = os.environ["LEVELS"] in ("redis", "two-level")
USES_MEMORY = os.environ["LEVELS"] == "two-level"
CONNECTIONS = int(os.environ["CONNECTIONS"])
TTL_SECONDS = 600
# Recipes that share a Redis must not answer for each other.
PREFIX = f"tuned-{os.environ['LEVELS']}:product"
MEMORY_ENTRIES = 100_000

COLUMNS = """
    id, name, description, price::float8, original_price::float8,
    CASE WHEN original_price > price THEN round((original_price - price) * 100 / original_price, 2)::float8 ELSE 0.0::float8 END AS discount_rate,
    stock, sku, category, subcategory, brand, sales, popularity, rating::float8, review_count,
    is_published, is_featured, main_image_url, created_at, updated_at, version"""
SELECT = f"SELECT {COLUMNS} FROM products WHERE id = $1 AND is_published"
UPDATE = f"UPDATE products SET price = $2::float8::numeric(12, 2) WHERE id = $1 RETURNING {COLUMNS}"

database: asyncpg.Pool
cache: redis.asyncio.Redis
# Each worker has its own: id -> (when it ends, the body).
memory: dict[int, tuple[float, bytes]] = {}


async def keep(connection) -> None:
    """In place of the statement with which asyncpg cleans each connection that comes back; nothing here leaves anything behind."""


@asynccontextmanager
async def lifespan(_app):
    global database, cache
    database = await asyncpg.create_pool(
        os.environ["POSTGRES_URL"], min_size=CONNECTIONS, max_size=CONNECTIONS, reset=keep
    )
    cache = redis.asyncio.from_url(os.environ["REDIS_URL"])
    yield
    await cache.aclose()
    await database.close()


# What nobody reads is not written.
app = FastAPI(
    lifespan=lifespan,
    openapi_url=None,
    telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
)


def answer(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def encode(row: asyncpg.Record) -> bytes:
    return orjson.dumps(dict(row), option=orjson.OPT_UTC_Z)


def remember(product_id: int, body: bytes) -> None:
    if len(memory) >= MEMORY_ENTRIES:
        del memory[next(iter(memory))]
    memory[product_id] = (time.monotonic() + TTL_SECONDS, body)


@app.get("/api/v1/products/{product_id}")
async def read(product_id: int) -> Response:
    if USES_MEMORY:
        held = memory.get(product_id)
        if held is not None and held[0] > time.monotonic():
            return answer(held[1])
    body = await cache.get(f"{PREFIX}:{product_id}") if USES_REDIS else None
    if body is None:
        row = await database.fetchrow(SELECT, product_id)
        if row is None:
            return Response(b'{"detail":"Not Found"}', 404, media_type="application/json")
        body = encode(row)
        if USES_REDIS:
            await cache.set(f"{PREFIX}:{product_id}", body, ex=TTL_SECONDS)
    if USES_MEMORY:
        remember(product_id, body)
    return answer(body)


@app.patch("/api/v1/products/{product_id}")
async def write(product_id: int, request: Request) -> Response:
    price = float(orjson.loads(await request.body())["price"])
    row = await database.fetchrow(UPDATE, product_id, price)
    if row is None:
        return Response(b'{"detail":"Not Found"}', 404, media_type="application/json")
    if USES_REDIS:
        await cache.delete(f"{PREFIX}:{product_id}")
    memory.pop(product_id, None)
    return answer(encode(row))
