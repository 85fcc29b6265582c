//! Where log lines go: one buffer, written when full, every 100 ms, and at once for what is urgent.

use std::{
    io::{self, BufWriter, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

const BUFFER_BYTES: usize = 64 * 1024;
const FLUSH_EVERY: Duration = Duration::from_millis(100);

type Buffer = Arc<Mutex<BufWriter<Box<dyn Write + Send>>>>;

/// Takes the lines.
pub(super) struct LogSink(Buffer);

/// Writes what is left in the buffer when dropped.
pub struct LogGuard {
    buffer: Buffer,
    stop: Option<Sender<()>>,
    flusher: Option<JoinHandle<()>>,
}

impl LogSink {
    pub(super) fn to_stdout() -> (Self, LogGuard) {
        // Each line as a system call of its own would cost more than making it.
        Self::to(Box::new(io::stdout()))
    }

    fn to(target: Box<dyn Write + Send>) -> (Self, LogGuard) {
        let buffer: Buffer = Arc::new(Mutex::new(BufWriter::with_capacity(BUFFER_BYTES, target)));
        let (stop, stopped) = mpsc::channel::<()>();
        let theirs = Arc::clone(&buffer);
        let flusher = std::thread::Builder::new().name("log-flush".to_owned()).spawn(move || {
            while stopped.recv_timeout(FLUSH_EVERY) == Err(RecvTimeoutError::Timeout) {
                flush(&theirs);
            }
        });
        let guard = LogGuard { buffer: Arc::clone(&buffer), stop: Some(stop), flusher: flusher.ok() };
        (Self(buffer), guard)
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(flusher) = self.flusher.take() {
            let _ = flusher.join();
        }
        flush(&self.buffer);
    }
}

impl<'a> MakeWriter<'a> for LogSink {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { buffer: lock(&self.0), urgent: false }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        // A process about to die must not take its last words along.
        Line { buffer: lock(&self.0), urgent: *meta.level() <= Level::WARN }
    }
}

/// One line on its way into the buffer; holds the buffer so that lines do not mix.
pub(super) struct Line<'a> {
    buffer: MutexGuard<'a, BufWriter<Box<dyn Write + Send>>>,
    urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.flush()
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if self.urgent {
            let _ = self.buffer.flush();
        }
    }
}

fn flush(buffer: &Buffer) {
    // A reader that has closed its end loses lines, but does not stop the program.
    let _ = lock(buffer).flush();
}

fn lock(buffer: &Buffer) -> MutexGuard<'_, BufWriter<Box<dyn Write + Send>>> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Memory {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn a_warning_is_written_at_once_and_the_guard_writes_the_rest() {
        let memory = Memory::default();
        let (sink, guard) = LogSink::to(Box::new(memory.clone()));
        let lines = tracing_subscriber::fmt::layer().with_writer(sink).with_ansi(false);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            tracing::warn!("urgent words");
            assert!(memory.text().contains("urgent words"));
            tracing::info!("calm words");
        });
        drop(guard);
        assert!(memory.text().contains("calm words"));
    }
}
