// Package live shows all codes on the whole of a terminal, and keeps them current.
//
// [Run] draws what a [Source] has, waits for keys on the keyboard and for hardware keys to
// come and go, and asks the Source for anything that takes longer beside, so that the
// countdowns go on. It leaves the terminal as it was found, however it ends.
package live

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

// A Row is an account; or a token that must be opened before it shows its accounts, as one
// by its name.
type Row struct {
	oath.Entry
	Why string // there is no code: Touch, Counter, Locked, or another reason
}

// Reasons for no code that Enter does something about.
const (
	Touch   = "touch"
	Counter = "counter"
	Locked  = "locked"
)

// A Source has the accounts. Its methods are called one at a time, but for Changes, which
// runs beside.
type Source interface {
	// Rows returns the accounts, with the codes that cost neither a touch nor a counter.
	// The error is shown beside the rows.
	Rows() ([]Row, error)

	// Code computes a code that costs a touch or a counter.
	Code(id oath.ID) (oath.Code, error)

	// Copy copies a code, and returns what to say of it.
	Copy(a oath.Account, c oath.Code) (said string, err error)

	// Open asks its owner for what opens a row that is Locked, on the terminal as usual.
	Open(row Row) error

	// Close releases the tokens. It is not called if the program ends while they work.
	Close()

	// Changes reports when a key was plugged in or pulled out, until the context is done.
	Changes(ctx context.Context, changed func()) error
}

// Options are how the codes are shown.
type Options struct {
	Now       func() time.Time
	Notes     term.Notes // what is noted meanwhile, as that a touch is awaited
	Query     string     // to begin with
	HideAfter time.Duration
}

// retryAfter is when tokens are asked again that did not answer.
const retryAfter = 5 * time.Second

// A live is the view while it is shown.
type live struct {
	view
	screen  *term.Screen
	source  Source
	options Options

	jobs    []func() func(*live) // to be done beside, in order; each returns what to do then
	busy    bool
	acting  bool // a code that was asked for is to come
	done    chan func(*live)
	stale   bool      // the rows
	asked   time.Time // for rows, last
	signals chan os.Signal
}

// Run shows the codes until their owner ends it, or the context is done.
func Run(ctx context.Context, screen *term.Screen, source Source, o Options) error {
	if screen == nil {
		return term.ErrNoTerminal
	}
	l := &live{screen: screen, source: source, options: o, done: make(chan func(*live)), stale: true, signals: make(chan os.Signal, 4)}
	l.view = view{query: o.Query, paint: screen.Paint, typed: o.Now(), message: "Asking the keys..."}
	if err := screen.Enter(); err != nil {
		return err
	}
	defer screen.Leave()
	listen(l.signals)
	defer signal.Stop(l.signals)
	defer func() {
		if !l.busy {
			source.Close()
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	typed, more := make(chan []byte), make(chan struct{})
	go l.guard(func() { l.read(ctx, typed, more) })
	plugged := make(chan struct{}, 1)
	go l.guard(func() {
		source.Changes(ctx, func() {
			select {
			case plugged <- struct{}{}:
			default:
			}
		})
	})
	var keyboard keyboard
	for {
		l.advance()
		l.screen.Draw(l.lines(l.options.Now(), l.size))
		select {
		case <-ctx.Done():
			return nil
		case text := <-typed:
			if text == nil { // the terminal is gone
				return nil
			}
			for _, k := range keyboard.parse(text) {
				if l.press(k) {
					return nil
				}
			}
			more <- struct{}{}
		case <-plugged:
			l.stale = true
		case then := <-l.done:
			l.busy = false
			then(l)
		case note := <-o.Notes:
			l.message = note
		case s := <-l.signals:
			if goesOn(s) { // and who knows what the terminal is like
				l.screen.Leave()
				l.screen.Enter()
			}
		case <-time.After(time.Until(time.Now().Truncate(time.Second).Add(time.Second))):
		}
	}
}

// guard gives the terminal back before a panic ends the program.
func (l *live) guard(do func()) {
	defer func() {
		if r := recover(); r != nil {
			l.screen.Leave()
			panic(r)
		}
	}()
	do()
}

// read hands over what is typed. It reads on only when that was dealt with: meanwhile, a
// question may read from the terminal.
func (l *live) read(ctx context.Context, typed chan<- []byte, more <-chan struct{}) {
	for {
		b := make([]byte, 256)
		n, err := l.screen.Read(b)
		if err != nil || n == 0 {
			close(typed)
			return
		}
		select {
		case typed <- b[:n]:
		case <-ctx.Done():
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

// advance hides the codes if nobody seems to look, and begins what comes next.
func (l *live) advance() {
	now := l.options.Now()
	if after := l.options.HideAfter; after > 0 && !l.hidden && now.Sub(l.typed) >= after {
		l.hide()
	}
	l.size.width, l.size.height = l.screen.Size()
	wait := time.Second
	if l.failed {
		wait = retryAfter
	}
	late := now.Sub(l.asked) >= wait && (l.failed || l.isLate(now))
	if !l.busy && len(l.jobs) == 0 && !l.hidden && (l.stale || late) {
		l.stale, l.asked = false, now
		l.jobs = append(l.jobs, func() func(*live) {
			rows, err := l.source.Rows()
			return func(l *live) { l.take(rows, err) }
		})
	}
	if !l.busy && len(l.jobs) > 0 {
		job := l.jobs[0]
		l.jobs, l.busy = l.jobs[1:], true
		go l.guard(func() { l.done <- job() })
	}
}

// press does what a key is for, and reports whether that is to end.
func (l *live) press(k key) (end bool) {
	now := l.options.Now()
	l.typed = now
	if k == ctrlC || k == ctrlD {
		return true
	}
	if k == ctrlZ {
		l.suspend()
		return false
	}
	if l.hidden { // the key that shows them does nothing else
		l.hidden, l.stale, l.message = false, true, ""
		return false
	}
	if k != enter {
		l.message = ""
		l.edit(k)
		return false
	}
	row, ok := l.chosen()
	switch {
	case !ok || l.acting: // a second touch, or the counter moved twice, was not meant
	case row.Why == Locked:
		l.open(row)
	case row.Why != Counter && !row.Code.IsZero() && !row.Code.IsExpired(now):
		l.later(func() (oath.Code, error) { return row.Code, nil }, row)
	case row.Why == Touch || row.Why == Counter:
		l.later(func() (oath.Code, error) { return l.source.Code(row.Account.ID()) }, row)
	default:
		l.message = "No code now: " + cmp.Or(row.Why, "expired") + "."
	}
	return false
}

// later copies a code once it is there.
func (l *live) later(code func() (oath.Code, error), row Row) {
	l.acting = true
	l.jobs = append(l.jobs, func() func(*live) {
		c, err := code()
		said := ""
		if err == nil {
			said, err = l.source.Copy(row.Account, c)
		}
		return func(l *live) {
			l.acting = false
			if l.message = said + "."; err != nil {
				l.message = term.Sentence(err) + "."
			}
			if !c.IsZero() {
				l.show(row.Account.ID(), c)
			}
		}
	})
}

// open has the owner open a token, on the terminal as it was before.
func (l *live) open(row Row) {
	if l.busy {
		l.message = "One moment, please."
		return
	}
	l.screen.Leave()
	err := l.source.Open(row)
	l.typed, l.stale, l.message = l.options.Now(), true, ""
	if err != nil {
		l.message = term.Sentence(err) + "."
	}
	l.screen.Enter()
}

// suspend stops the program as Ctrl-Z does others, with the terminal as it was.
func (l *live) suspend() {
	l.screen.Leave()
	stop(l.signals)
	l.screen.Enter()
	l.stale = true
}
