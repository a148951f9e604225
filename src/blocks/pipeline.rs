//! Blocks of a stream read one at a time, worked on by several threads at once, and taken in the order of the stream.
//!
//! Every thread reads a block in its turn and works on it while it is warm in that processor's cache. Of what is done, the
//! thread that finds the next block in order takes it, and all that follow: no thread is there only to wait.
use super::cut::{Block, Blocks};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Blocks that may be done and wait for an earlier one: as many as are worked on while the taking of one takes its time, lest
/// the others pause. Those that are never needed hold nothing.
const AHEAD: usize = 16;

/// Runs all the stream's blocks through `work` and then, in order, `take`, which also gets the error that ends the stream.
/// The first error of `take` ends it.
pub fn run<R, T, E>(
    threads: usize,
    blocks: &mut Blocks<R>,
    work: impl Fn(&Block) -> T + Sync,
    take: impl FnMut(io::Result<(&Block, T)>) -> Result<(), E> + Send,
) -> Result<(), E>
where
    R: Read + Send,
    T: Send,
    E: Send,
{
    let pipeline = Pipeline {
        turn: Mutex::new(Turn {
            blocks,
            next: 0,
            is_over: false,
        }),
        order: Mutex::new(Order {
            take: Some(take),
            spare: (0..threads + AHEAD).map(|_| Block::default()).collect(),
            done: BTreeMap::new(),
            next: 0,
            huge: 0,
            is_stopped: false,
            outcome: Ok(()),
        }),
        freed: Condvar::new(),
        work,
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            let helper = thread::Builder::new().spawn_scoped(scope, || pipeline.work_on());
            if helper.is_err() {
                // The machine gives no more threads: those there are do it all.
                break;
            }
        }
        pipeline.work_on();
    });
    let order = pipeline.order.into_inner();
    order.unwrap_or_else(PoisonError::into_inner).outcome
}

struct Pipeline<'b, R, T, E, W, F> {
    turn: Mutex<Turn<'b, R>>,
    order: Mutex<Order<T, E, F>>,
    freed: Condvar,
    work: W,
}

/// Whoever holds it reads.
struct Turn<'b, R> {
    blocks: &'b mut Blocks<R>,
    next: u64,
    is_over: bool,
}

struct Order<T, E, F> {
    /// Not there while a thread uses it.
    take: Option<F>,
    /// The last one given back is the first to be used again: it is the warmest.
    spare: Vec<Block>,
    done: BTreeMap<u64, io::Result<(Block, T)>>,
    next: u64,
    /// Huge blocks that are read and not taken.
    huge: usize,
    is_stopped: bool,
    outcome: Result<(), E>,
}

impl<R, T, E, W, F> Pipeline<'_, R, T, E, W, F>
where
    R: Read,
    W: Fn(&Block) -> T,
    F: FnMut(io::Result<(&Block, T)>) -> Result<(), E>,
{
    fn work_on(&self) {
        let _guard = StopOnPanic(self);
        while let Some(block) = self.spare()
            && let Some((number, result)) = self.read(block)
        {
            let result = result.map(|(block, done)| {
                let done = done.unwrap_or_else(|| (self.work)(&block));
                (block, done)
            });
            self.deliver(number, result);
        }
    }

    /// A block to read into, as soon as there is one; none once all is over.
    fn spare(&self) -> Option<Block> {
        let mut order = lock(&self.order);
        while !order.is_stopped {
            if let Some(block) = order.spare.pop() {
                return Some(block);
            }
            order = self.freed.wait(order).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Reads the next block. A huge one is worked on and taken before another is read, lest many be held.
    #[expect(clippy::type_complexity)]
    fn read(&self, mut block: Block) -> Option<(u64, io::Result<(Block, Option<T>)>)> {
        let mut turn = lock(&self.turn);
        let mut order = lock(&self.order);
        while order.huge > 0 && !order.is_stopped {
            order = self.freed.wait(order).unwrap_or_else(PoisonError::into_inner);
        }
        drop(order);
        if turn.is_over {
            return None;
        }
        let result = turn.blocks.next(&mut block);
        turn.is_over = !matches!(result, Ok(true));
        let number = turn.next;
        turn.next += 1;
        match result {
            Ok(false) => None,
            Ok(true) => {
                let done = block.is_huge().then(|| {
                    lock(&self.order).huge += 1;
                    (self.work)(&block)
                });
                Some((number, Ok((block, done))))
            }
            Err(error) => Some((number, Err(error))),
        }
    }

    /// Takes what is next in order, unless another thread is at it: that one will find this.
    fn deliver(&self, number: u64, result: io::Result<(Block, T)>) {
        let mut order = lock(&self.order);
        order.done.insert(number, result);
        let Some(mut take) = order.take.take() else { return };
        while !order.is_stopped
            && let Some(result) = order.pop()
        {
            drop(order);
            let was_huge = is_huge(&result);
            let (spare, outcome) = match result {
                Ok((mut block, done)) => {
                    let outcome = take(Ok((&block, done)));
                    block.shrink();
                    (Some(block), outcome)
                }
                Err(error) => (None, take(Err(error))),
            };
            order = lock(&self.order);
            order.huge -= usize::from(was_huge);
            order.spare.extend(spare);
            if outcome.is_err() {
                order.outcome = outcome;
                order.is_stopped = true;
            }
            // Whoever wakes up finds the lock free.
            drop(order);
            self.freed.notify_all();
            order = lock(&self.order);
        }
        order.take = Some(take);
    }
}

fn is_huge<T>(result: &io::Result<(Block, T)>) -> bool {
    result.as_ref().is_ok_and(|(block, _)| block.is_huge())
}

impl<T, E, F> Order<T, E, F> {
    fn pop(&mut self) -> Option<io::Result<(Block, T)>> {
        let result = self.done.remove(&self.next)?;
        self.next += 1;
        Some(result)
    }
}

/// Others would wait for ever for a block whose thread died.
struct StopOnPanic<'p, 'b, R, T, E, W, F>(&'p Pipeline<'b, R, T, E, W, F>);

impl<R, T, E, W, F> Drop for StopOnPanic<'_, '_, R, T, E, W, F> {
    fn drop(&mut self) {
        if thread::panicking() {
            lock(&self.0.order).is_stopped = true;
            self.0.freed.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::cut::Limits;
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn blocks(text: &str) -> Blocks<&[u8]> {
        let limits = Limits {
            block: 8,
            ..Limits::default()
        };
        Blocks::new(text.as_bytes(), limits)
    }

    #[test]
    fn a_slow_block_is_overtaken_and_still_taken_first() {
        let text: String = (0..200).map(|n| format!("{n}\n")).collect();
        let (mut taken, finished, more) = (String::new(), Mutex::new(Vec::new()), Condvar::new());
        let done: Result<(), io::Error> = run(
            4,
            &mut blocks(&text),
            |block| {
                if block.bytes().starts_with(b"0") {
                    // Until another is done: for ever, were blocks worked on one at a time.
                    drop(more.wait_while(lock(&finished), |done| done.is_empty()).unwrap());
                }
                lock(&finished).push(block.bytes().to_vec());
                more.notify_all();
            },
            |block| {
                taken += std::str::from_utf8(block?.0.bytes()).unwrap();
                Ok(())
            },
        );
        done.unwrap();
        assert_eq!(taken, text);
        assert!(!lock(&finished).first().unwrap().starts_with(b"0"));
    }

    #[test]
    fn the_first_error_ends_it_and_a_thread_that_dies_leaves_none_waiting() {
        let text = "first\n".to_owned() + &"line\n".repeat(1000);
        let mut taken = 0;
        let stopped = run(
            3,
            &mut blocks(&text),
            |_| (),
            |_| {
                taken += 1;
                if taken < 5 { Ok(()) } else { Err(taken) }
            },
        );
        assert_eq!((stopped, taken), (Err(5), 5));
        let died = catch_unwind(AssertUnwindSafe(|| {
            let work = |block: &Block| assert!(!block.bytes().starts_with(b"first"), "on purpose");
            run(3, &mut blocks(&text), work, |_| Ok::<(), ()>(()))
        }));
        assert!(died.is_err());
    }
}
