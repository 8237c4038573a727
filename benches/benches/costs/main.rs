//! What one operation costs, in time and allocations, beside the bare parts that it is made of; everything on one thread, unless said.

mod batch;
#[path = "../../subjects/bodies.rs"]
mod bodies;
mod codec;
mod hit_in_l1;
mod hit_in_l2;
mod list;
mod memory_remote;
mod miss;
mod places;
#[path = "../../subjects/redis_bodies.rs"]
mod redis_bodies;
mod stampede;

use divan::AllocProfiler;

/// Counts the allocations of the thread that is measured.
#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}
