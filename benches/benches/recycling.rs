//! Buffers of 4 KiB that are used again: `cargo bench -p goo-pool-benches --bench recycling`.
//!
//! The figures are for one buffer taken, written to (64 bytes) and given back.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use goo_pool_benches::recycling::{FreeList, Plain, Recycling, one, sixteen, threads};
use goo_pool_typed::{Recycler, SyncRecycler};

type Buffers = Recycler<Vec<u8>>;
type SharedBuffers = SyncRecycler<Vec<u8>>;
type ObjectPool = object_pool::Pool<Vec<u8>>;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(15)
        .nresamples(2_000)
        .without_plots()
        .configure_from_args();
    let c = &mut criterion;
    on_one_thread::<Buffers>(c);
    on_one_thread::<SharedBuffers>(c);
    on_one_thread::<FreeList>(c);
    on_one_thread::<ObjectPool>(c);
    on_one_thread::<Plain>(c);
    for count in [2, 4] {
        on_threads::<SharedBuffers>(c, count);
        on_threads::<ObjectPool>(c, count);
        on_threads::<Plain>(c, count);
    }
    criterion.final_summary();
}

fn on_one_thread<R: Recycling>(c: &mut Criterion) {
    figure(c, "recycle_one", R::NAME, 1, one::<R>());
    figure(c, "recycle_sixteen", R::NAME, 16, sixteen::<R>());
}

fn on_threads<R: Recycling + Sync>(c: &mut Criterion, count: usize) {
    figure(c, &format!("recycle_{count}_threads"), R::NAME, count as u64, threads::<R>(count));
}

fn figure(c: &mut Criterion, group: &str, name: &str, buffers: u64, mut routine: impl FnMut(u64) -> Duration) {
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements(buffers));
    group.bench_function(BenchmarkId::new(name, 4096), |bencher| bencher.iter_custom(&mut routine));
    group.finish();
}
