//! The one thing in which the transfers differ: where buffers come from.

use std::io;
use std::ops::Deref;

use bytes::{Bytes, BytesMut};
use goo_pool_typed::{BufferPool, PoolBytes};

use crate::transfer::DATAGRAM;

/// A thread's buffers. The transfer is written once, against this trait.
pub(crate) trait Buffers: Sized {
    const NAME: &'static str;
    /// A datagram. The bytes are where they were received, or filled in.
    type Packet: Deref<Target = [u8]>;

    /// At most so many packets are kept at a time.
    fn new(packets: usize) -> Self;

    /// Has a buffer for a datagram filled, and makes a packet of what `write` says it has written, if that is anything.
    fn fill(&mut self, write: impl FnOnce(&mut [u8]) -> io::Result<Option<usize>>) -> io::Result<Option<Self::Packet>>;
}

/// A `Vec` for each datagram.
pub(crate) struct Vecs;

impl Buffers for Vecs {
    const NAME: &'static str = "Vec";
    type Packet = Vec<u8>;

    fn new(_: usize) -> Self {
        Self
    }

    fn fill(&mut self, write: impl FnOnce(&mut [u8]) -> io::Result<Option<usize>>) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = vec![0; DATAGRAM];
        Ok(write(&mut buffer)?.map(|len| {
            buffer.truncate(len);
            buffer
        }))
    }
}

/// What one does with `bytes` alone: a large buffer, from which packets are split until it is used up. It can be used again
/// when none of them is left, and one that is kept keeps all of it.
pub(crate) struct SplitBytesMut(BytesMut);

impl Buffers for SplitBytesMut {
    const NAME: &'static str = "BytesMut, split";
    type Packet = Bytes;

    fn new(_: usize) -> Self {
        Self(BytesMut::with_capacity(64 << 10))
    }

    fn fill(&mut self, write: impl FnOnce(&mut [u8]) -> io::Result<Option<usize>>) -> io::Result<Option<Bytes>> {
        if self.0.capacity() < DATAGRAM {
            self.0.reserve(64 << 10);
        }
        self.0.resize(DATAGRAM, 0);
        let written = write(&mut self.0)?;
        let packet = written.map(|len| self.0.split_to(len).freeze());
        self.0.clear();
        Ok(packet)
    }
}

/// A buffer from a pool for each datagram.
pub(crate) struct Pooled(BufferPool<DATAGRAM>);

impl Buffers for Pooled {
    const NAME: &'static str = "PoolBytes";
    type Packet = PoolBytes;

    fn new(packets: usize) -> Self {
        // And one that is being filled.
        Self(BufferPool::with_capacity(packets + 1))
    }

    fn fill(&mut self, write: impl FnOnce(&mut [u8]) -> io::Result<Option<usize>>) -> io::Result<Option<PoolBytes>> {
        let mut buffer = self.0.buffer();
        buffer.resize(DATAGRAM, 0);
        Ok(write(&mut buffer)?.map(|len| {
            buffer.truncate(len);
            buffer.freeze()
        }))
    }
}

/// The same as the type that others ask for.
pub(crate) struct PooledAsBytes(Pooled);

impl Buffers for PooledAsBytes {
    const NAME: &'static str = "PoolBytes as Bytes";
    type Packet = Bytes;

    fn new(packets: usize) -> Self {
        Self(Pooled::new(packets))
    }

    fn fill(&mut self, write: impl FnOnce(&mut [u8]) -> io::Result<Option<usize>>) -> io::Result<Option<Bytes>> {
        Ok(self.0.fill(write)?.map(Bytes::from))
    }
}
