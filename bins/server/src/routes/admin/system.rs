//! The process: version, cores, memory, files, runtime, and the configuration that is in effect.

use std::thread;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;

use super::{admit, json};
use crate::{api_error::ApiError, process::ProcessFigures, services::Services};

/// `GET /admin/system`. Secrets in the configuration are hidden.
pub(in crate::routes) async fn report(
    request: HttpRequest,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let (process, runtime) = (ProcessFigures::now(), services.runtime().metrics());
    json(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_ms": services.started.elapsed().as_millis(),
        "timestamp": jiff::Timestamp::now(),
        "cores": thread::available_parallelism().map_or(1, usize::from),
        "workers": services.effective["server"]["workers"],
        "requests_in_flight": services.traffic.in_flight(),
        "memory": { "rss_bytes": process.rss_bytes, "virtual_bytes": process.virtual_bytes },
        "fds": { "open": process.open_fds, "max": process.max_fds },
        "threads": process.threads,
        "cpu_seconds": process.cpu.map(|cpu| cpu.as_secs_f64()),
        "runtime": {
            "workers": runtime.num_workers(),
            "alive_tasks": runtime.num_alive_tasks(),
            "global_queue_depth": runtime.global_queue_depth(),
        },
        "warnings": services.config_warnings,
        "configuration": services.effective,
    }))
}
