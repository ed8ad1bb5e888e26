//! Which threads the ways into a pool may go to, and containers with them.

use ::allocator_api2_02::boxed::Box as Box02;
use ::allocator_api2_04::vec::Vec as Vec04;
use bumpalo::Bump;
use goo_pool_core::{
    ClassPool, ClassPoolHandle, PoolHandle, RawPool, SyncClassPool, SyncClassPoolHandle, SyncPoolHandle, SyncRawPool,
    allocator_api2_02, allocator_api2_04,
};
use hashbrown::{DefaultHashBuilder, HashMap};
use static_assertions::{assert_eq_size, assert_impl_all, assert_not_impl_any};

use ::allocator_api2_02::alloc::{Allocator as Allocator02, Global as Global02};
use ::allocator_api2_04::alloc::Allocator as Allocator04;

#[allow(dead_code, reason = "Rust 1.85 does not see the uses in assertions")]
type Map<A> = HashMap<u8, u8, DefaultHashBuilder, A>;

#[test]
fn what_leads_to_a_pool_is_an_allocator_and_the_pool_is_not() {
    assert_impl_all!(&RawPool: Allocator02, Allocator04, Copy);
    assert_impl_all!(&ClassPool: Allocator02, Allocator04, Copy);
    assert_impl_all!(PoolHandle: Allocator02, Allocator04, Clone);
    assert_impl_all!(ClassPoolHandle: Allocator02, Allocator04, Clone);
    assert_impl_all!(&SyncRawPool: Allocator02, Allocator04, Copy);
    assert_impl_all!(&SyncClassPool: Allocator02, Allocator04, Copy);
    assert_impl_all!(SyncPoolHandle: Allocator02, Allocator04, Clone);
    assert_impl_all!(SyncClassPoolHandle: Allocator02, Allocator04, Clone);
    // Moved into a container it would take the memory along, and a container hands its allocator out.
    assert_not_impl_any!(RawPool: Allocator02, Allocator04);
    assert_not_impl_any!(ClassPool: Allocator02, Allocator04);
    assert_not_impl_any!(SyncRawPool: Allocator02, Allocator04);
    assert_not_impl_any!(SyncClassPool: Allocator02, Allocator04);
    assert_not_impl_any!(&mut RawPool: Allocator02, Allocator04);
    assert_not_impl_any!(&mut ClassPool: Allocator02, Allocator04);
    assert_not_impl_any!(&mut SyncRawPool: Allocator02, Allocator04);
    assert_not_impl_any!(&mut SyncClassPool: Allocator02, Allocator04);
}

#[test]
fn containers_go_where_their_pools_may_be_used() {
    assert_not_impl_any!(Box02<u8, &RawPool>: Send, Sync);
    assert_not_impl_any!(Box02<u8, PoolHandle>: Send, Sync);
    assert_not_impl_any!(Vec04<u8, PoolHandle>: Send, Sync);
    assert_not_impl_any!(Map<&RawPool>: Send, Sync);
    assert_not_impl_any!(Map<PoolHandle>: Send, Sync);
    assert_not_impl_any!(Box02<u8, &ClassPool>: Send, Sync);
    assert_not_impl_any!(Vec04<u8, ClassPoolHandle>: Send, Sync);
    assert_not_impl_any!(Map<ClassPoolHandle>: Send, Sync);
    assert_impl_all!(Box02<u8, &SyncRawPool>: Send, Sync);
    assert_impl_all!(Box02<u8, &SyncClassPool>: Send, Sync);
    assert_impl_all!(Vec04<u8, SyncPoolHandle>: Send, Sync);
    assert_impl_all!(Vec04<u8, SyncClassPoolHandle>: Send, Sync);
    assert_impl_all!(Map<&SyncRawPool>: Send, Sync);
    assert_impl_all!(Map<&SyncClassPool>: Send, Sync);
    assert_impl_all!(Map<SyncPoolHandle>: Send, Sync);
    assert_impl_all!(Map<SyncClassPoolHandle>: Send, Sync);
}

#[test]
fn an_allocator_as_a_parent_goes_where_the_allocator_goes() {
    assert_impl_all!(allocator_api2_02::AllocatorParent<Global02>: Send, Sync, Copy, Default);
    assert_impl_all!(allocator_api2_04::AllocatorParent<&'static SyncRawPool>: Send, Sync, Copy);
    assert_not_impl_any!(allocator_api2_02::AllocatorParent<&'static Bump>: Send, Sync);
    assert_not_impl_any!(allocator_api2_04::AllocatorParent<PoolHandle>: Send, Sync);
    assert_eq_size!(allocator_api2_02::AllocatorParent<Global02>, ());
}

#[test]
fn a_handle_makes_a_box_one_word_longer() {
    assert_eq_size!(Box02<u8, PoolHandle>, Box02<u8, &RawPool>, [usize; 2]);
    assert_eq_size!(Box02<u8, ClassPoolHandle>, Box02<u8, SyncClassPoolHandle>, [usize; 2]);
}
