//! The connections to the database, and whether there should be more or fewer.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;

use super::{admit, json};
use crate::{api_error::ApiError, live::millis, services::Services};

/// `GET /admin/pool`: how busy the pool is, how long callers waited, and what `larder config` advises.
pub(in crate::routes) async fn status(
    request: HttpRequest,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let (pool, advice) = (services.database.pool_status(), services.pool_advice);
    let waits = pool.waits;
    json(&json!({
        "max": pool.max_size,
        "size": pool.size,
        "in_use": pool.size.saturating_sub(pool.idle),
        "idle": pool.idle,
        "waiting": pool.waiting,
        "waits": {
            "count": waits.count,
            "total_ms": millis(waits.total),
            "mean_ms": millis(waits.mean_since(&Default::default())),
            "longest_ms": millis(waits.longest),
        },
        "advice": {
            "cores": advice.cores,
            "formula": "2 × cores + 1",
            "advised": advice.advised,
            "configured": advice.configured,
            "verdict": advice.verdict(),
        },
    }))
}
