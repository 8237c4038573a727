//! One worker's side of the figures: no lock and no map between a request and its counters.

use std::{
    cell::RefCell,
    ptr,
    rc::Rc,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Instant,
};

use actix_web::http::Method;

use super::{Figures, Shard, Traffic};

/// The pattern of requests that reached no route, or of which nothing is left that could tell.
const UNMATCHED: &str = "unmatched";

/// The pattern of a route: handlers and what stands around them find it at the request, once the router has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoutePattern(pub(crate) &'static str);

impl Default for RoutePattern {
    fn default() -> Self {
        Self(UNMATCHED)
    }
}

/// Counts the requests of one worker.
#[derive(Debug)]
pub(crate) struct Meter {
    shard: Arc<Shard>,
    /// Few, and compared by address: found faster than in a map.
    known: RefCell<Vec<Arc<Figures>>>,
}

impl Meter {
    /// The meter of one more worker.
    pub(crate) fn new(traffic: &Traffic) -> Self {
        Self { shard: traffic.join(), known: RefCell::default() }
    }

    /// A request of this method begins.
    pub(crate) fn begin(self: &Rc<Self>, method: &Method) -> Passage {
        self.shard.in_flight.fetch_add(1, Ordering::Relaxed);
        Passage { meter: Rc::clone(self), method: name_of(method), began: Instant::now(), open: true }
    }

    fn figures(&self, route: &'static str, method: &'static str) -> Arc<Figures> {
        let mut known = self.known.borrow_mut();
        let found = known.iter().find(|known| ptr::eq(known.route, route) && ptr::eq(known.method, method));
        if let Some(figures) = found {
            return Arc::clone(figures);
        }
        let figures = Arc::new(Figures::new(route, method));
        known.push(Arc::clone(&figures));
        self.shard.seen.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&figures));
        figures
    }
}

/// One request under way. Dropped without an answer, it counts as abandoned.
#[derive(Debug)]
pub(crate) struct Passage {
    meter: Rc<Meter>,
    method: &'static str,
    began: Instant,
    open: bool,
}

impl Passage {
    /// Its method, one of a few.
    pub(crate) fn method(&self) -> &'static str {
        self.method
    }

    /// When it began.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// Its answer is there.
    pub(crate) fn answered(&mut self, route: RoutePattern, status: u16) {
        if std::mem::take(&mut self.open) {
            self.meter.shard.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.meter.figures(route.0, self.method).answered(status, self.began.elapsed());
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if self.open {
            self.meter.shard.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.meter.figures(UNMATCHED, self.method).abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A method by its name; those that no route has under one, because clients may make up any.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_abandoned_requests_are_counted_by_route_method_and_status() {
        let traffic = Traffic::default();
        let meters = [0, 1].map(|_worker| Rc::new(Meter::new(&traffic)));
        for meter in &meters {
            let mut passage = meter.begin(&Method::GET);
            assert_eq!(traffic.in_flight(), 1);
            passage.answered(RoutePattern("/api/v1/products/{id}"), 200);
            drop(meter.begin(&Method::GET));
        }
        meters[0].begin(&Method::TRACE).answered(RoutePattern::default(), 404);
        assert_eq!(traffic.in_flight(), 0);
        let routes = traffic.by_route();
        let product = &routes[&("/api/v1/products/{id}", "GET")];
        assert_eq!((product.by_status[&200], product.latency.count()), (2, 2));
        assert_eq!((routes[&(UNMATCHED, "GET")].abandoned, routes[&(UNMATCHED, "other")].by_status[&404]), (2, 1));
        assert_eq!(traffic.of_api().count(), 2, "what nobody serves is no traffic of the API");
    }
}
