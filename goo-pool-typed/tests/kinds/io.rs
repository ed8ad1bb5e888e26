//! The traits of `std::io` for boxes of readers and writers.
#![cfg(feature = "std")]

use std::fmt;
use std::io::{BufRead, Cursor, IoSlice, IoSliceMut, Read, Result, Seek, SeekFrom, Write};

use crate::kind::{Pool, PoolBox};
use goo_pool_typed::unsize;

#[test]
fn a_reader_in_a_box_reads() {
    let mut reader: PoolBox<dyn Read> = unsize!(Pool::new().alloc(&b"one two three four"[..]), dyn Read);
    let (mut word, mut rest) = ([0; 4], String::new());
    assert_eq!(reader.read(&mut word).unwrap(), 4);
    assert_eq!(&word, b"one ");
    reader.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"two ");
    assert_eq!(reader.by_ref().take(6).read_to_end(&mut Vec::new()).unwrap(), 6);
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "four");
    assert_eq!(reader.read(&mut word).unwrap(), 0);
    assert!(reader.read_exact(&mut word).is_err());
}

#[test]
fn a_buffered_reader_in_a_box_reads_lines() {
    let mut reader = Pool::new().alloc(Cursor::new("one\ntwo\nthree"));
    let mut line = String::new();
    assert_eq!(reader.read_line(&mut line).unwrap(), 4);
    assert_eq!((line.as_str(), reader.fill_buf().unwrap()), ("one\n", &b"two\nthree"[..]));
    reader.consume(2);
    let lines: Vec<_> = unsize!(reader, dyn BufRead).lines().map(|line| line.unwrap()).collect();
    assert_eq!(lines, ["o", "three"]);
}

#[test]
fn a_writer_in_a_box_writes() {
    let pool = Pool::new();
    let mut writer = pool.alloc(Vec::new());
    write!(writer, "a-{:02}", 7).unwrap();
    assert_eq!(writer.write_vectored(&[IoSlice::new(b"bc"), IoSlice::new(b"d")]).unwrap(), 3);
    {
        let writer: &mut dyn Write = &mut writer;
        writer.write_all(b"e").unwrap();
        writer.flush().unwrap();
    }
    assert_eq!(std::io::copy(&mut &b"copied"[..], &mut writer).unwrap(), 6);
    assert_eq!(PoolBox::into_inner(writer), b"a-07bcdecopied");
}

#[test]
fn a_file_in_a_box_seeks() {
    let mut file = Pool::new().alloc(Cursor::new(b"0123456789".to_vec()));
    assert_eq!(file.seek(SeekFrom::End(-3)).unwrap(), 7);
    file.write_all(b"seven").unwrap();
    assert_eq!(file.stream_position().unwrap(), 12);
    file.rewind().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "0123456seven");
}

/// Notes which of its functions are called. All that may be overridden are.
#[derive(Default)]
struct Recorder(Vec<&'static str>);

impl Recorder {
    fn note<T>(&mut self, name: &'static str, result: T) -> Result<T> {
        self.0.push(name);
        Ok(result)
    }
}

impl Read for Recorder {
    fn read(&mut self, _: &mut [u8]) -> Result<usize> {
        self.note("read", 0)
    }

    fn read_vectored(&mut self, _: &mut [IoSliceMut<'_>]) -> Result<usize> {
        self.note("read_vectored", 0)
    }

    fn read_to_end(&mut self, _: &mut Vec<u8>) -> Result<usize> {
        self.note("read_to_end", 0)
    }

    fn read_to_string(&mut self, _: &mut String) -> Result<usize> {
        self.note("read_to_string", 0)
    }

    fn read_exact(&mut self, _: &mut [u8]) -> Result<()> {
        self.note("read_exact", ())
    }
}

impl BufRead for Recorder {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.note("fill_buf", &[])
    }

    fn consume(&mut self, _: usize) {
        self.0.push("consume");
    }

    fn read_until(&mut self, _: u8, _: &mut Vec<u8>) -> Result<usize> {
        self.note("read_until", 0)
    }

    fn skip_until(&mut self, _: u8) -> Result<usize> {
        self.note("skip_until", 0)
    }

    fn read_line(&mut self, _: &mut String) -> Result<usize> {
        self.note("read_line", 0)
    }
}

impl Write for Recorder {
    fn write(&mut self, _: &[u8]) -> Result<usize> {
        self.note("write", 0)
    }

    fn write_vectored(&mut self, _: &[IoSlice<'_>]) -> Result<usize> {
        self.note("write_vectored", 0)
    }

    fn write_all(&mut self, _: &[u8]) -> Result<()> {
        self.note("write_all", ())
    }

    fn write_fmt(&mut self, _: fmt::Arguments<'_>) -> Result<()> {
        self.note("write_fmt", ())
    }

    fn flush(&mut self) -> Result<()> {
        self.note("flush", ())
    }
}

impl Seek for Recorder {
    fn seek(&mut self, _: SeekFrom) -> Result<u64> {
        self.note("seek", 0)
    }

    fn rewind(&mut self) -> Result<()> {
        self.note("rewind", ())
    }

    fn stream_position(&mut self) -> Result<u64> {
        self.note("stream_position", 0)
    }

    fn seek_relative(&mut self, _: i64) -> Result<()> {
        self.note("seek_relative", ())
    }
}

fn call_all(file: &mut (impl BufRead + Write + Seek)) -> Result<()> {
    let (mut bytes, mut text) = (Vec::new(), String::new());
    assert_eq!(file.read(&mut [0])? + file.read_vectored(&mut [])?, 0);
    file.read_to_end(&mut bytes)?;
    file.read_to_string(&mut text)?;
    file.read_exact(&mut [0])?;
    file.fill_buf()?;
    file.consume(0);
    file.read_until(0, &mut bytes)?;
    file.skip_until(0)?;
    file.read_line(&mut text)?;
    assert_eq!(file.write(&[0])? + file.write_vectored(&[])?, 0);
    file.write_all(&[0])?;
    file.write_fmt(format_args!("{}", 1))?;
    file.flush()?;
    file.seek(SeekFrom::Start(0))?;
    file.rewind()?;
    file.stream_position()?;
    file.seek_relative(0)
}

/// What a type does better than the trait's default (`Stdout` locks once for all of `write_fmt`) it does in
/// a box, too, as in a `Box`.
#[test]
fn a_file_in_a_box_is_called_as_without_one() {
    let mut plain = Recorder::default();
    call_all(&mut plain).unwrap();
    let mut boxed = Pool::new().alloc(Recorder::default());
    call_all(&mut boxed).unwrap();
    assert_eq!(boxed.0, plain.0);
}
