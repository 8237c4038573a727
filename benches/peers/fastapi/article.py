"""The recipe as the articles write it: an ORM, a session for each request, one trip to Redis for each read, a dict, `json`, Pydantic."""

import json
import os
import time
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Optional

import redis
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

USES_REDIS = os.environ["LEVELS"] in ("redis", "two-level")
USES_MEMORY = os.environ["LEVELS"] == "two-level"
TTL_SECONDS = 600
# Recipes that share a Redis must not answer for each other.
PREFIX = f"article-{os.environ['LEVELS']}:product"

engine = create_engine(os.environ["POSTGRES_URL"].replace("postgres://", "postgresql://", 1))
SessionLocal = sessionmaker(bind=engine, autoflush=False)
redis_client = redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
local_cache: dict[str, tuple[float, dict]] = {}

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    price: Mapped[Decimal]
    original_price: Mapped[Optional[Decimal]]
    stock: Mapped[int]
    sku: Mapped[str]
    category: Mapped[str]
    subcategory: Mapped[Optional[str]]
    brand: Mapped[Optional[str]]
    sales: Mapped[int]
    popularity: Mapped[int]
    rating: Mapped[Decimal]
    review_count: Mapped[int]
    is_published: Mapped[bool]
    is_featured: Mapped[bool]
    main_image_url: Mapped[Optional[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    @property
    def discount_rate(self) -> Decimal:
        if self.original_price is None or self.original_price <= self.price:
            return Decimal(0)
        percent = (self.original_price - self.price) * 100 / self.original_price
        return percent.quantize(Decimal("0.01"), ROUND_HALF_UP)


class ProductResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    description: str
    price: float
    original_price: Optional[float]
    discount_rate: float
    stock: int
    sku: str
    category: str
    subcategory: Optional[str]
    brand: Optional[str]
    sales: int
    popularity: int
    rating: float
    review_count: int
    is_published: bool
    is_featured: bool
    main_image_url: Optional[str]
    created_at: datetime
    updated_at: datetime
    version: int


class PriceUpdate(BaseModel):
    price: Decimal


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


@app.get("/api/v1/products/{product_id}", response_model=ProductResponse)
def read_product(product_id: int, db: Session = Depends(get_db)):
    key = f"{PREFIX}:{product_id}"
    if USES_MEMORY and key in local_cache:
        expires, product = local_cache[key]
        if expires > time.time():
            return product
        local_cache.pop(key, None)
    if USES_REDIS:
        cached = redis_client.get(key)
        if cached:
            product = json.loads(cached)
            if USES_MEMORY:
                local_cache[key] = (time.time() + TTL_SECONDS, product)
            return product
    row = db.query(Product).filter(Product.id == product_id, Product.is_published).first()
    if row is None:
        raise HTTPException(status_code=404, detail="Product not found")
    product = ProductResponse.model_validate(row).model_dump(mode="json")
    if USES_REDIS:
        redis_client.setex(key, TTL_SECONDS, json.dumps(product))
    if USES_MEMORY:
        local_cache[key] = (time.time() + TTL_SECONDS, product)
    return product


@app.patch("/api/v1/products/{product_id}", response_model=ProductResponse)
def update_product(product_id: int, update: PriceUpdate, db: Session = Depends(get_db)):
    row = db.get(Product, product_id)
    if row is None:
        raise HTTPException(status_code=404, detail="Product not found")
    row.price = update.price
    db.commit()
    db.refresh(row)
    if USES_REDIS:
        redis_client.delete(f"{PREFIX}:{product_id}")
    local_cache.pop(f"{PREFIX}:{product_id}", None)
    return row
