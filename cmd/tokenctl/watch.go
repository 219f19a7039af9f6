package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/live"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// watch shows all codes on the whole terminal.
func (p *program) watch(ctx context.Context, o codeOptions) error {
	if p.Terminal == nil || !p.ShowsResults() {
		return term.Usagef("--watch needs a terminal")
	}
	if o.hideAfter < 0 {
		return term.Usagef("invalid seconds %d", o.hideAfter)
	}
	if err := checkClearAfter(o.clearAfter); err != nil {
		return err
	}
	t, err := p.open.Tokens(ctx, o.tokens, true)
	if open.IsAbsence(err) && !o.tokens.NamesKey() { // one may be plugged in
		t, err = p.open.NoTokens(), nil
	}
	if err != nil {
		return err
	}
	if err := t.UnlockVault(); err != nil {
		return err
	}
	w := &watching{p: p, ctx: ctx, o: o, t: t, terminal: p.Terminal, messages: p.Err}
	notes := make(term.Notes, 16)
	p.Err, p.Terminal = notes, nil
	defer func() { p.Err, p.Terminal = w.messages, w.terminal }()
	return live.Run(ctx, w.terminal.Screen(), w, live.Options{
		Now: p.Now, Notes: notes, Query: o.query, HideAfter: time.Duration(o.hideAfter) * time.Second,
	})
}

// A watching is what the live view shows. In between, the keys are free for other
// programs.
type watching struct {
	p        *program
	ctx      context.Context
	o        codeOptions
	t        *open.Tokens
	terminal *term.Terminal // which is asked on when the view makes room, and only then
	messages io.Writer      // likewise
	holdings []fleet.Holding
}

func (w *watching) Close() { w.t.Close() }

func (w *watching) Changes(ctx context.Context, changed func()) error {
	if w.o.tokens.NoKeys {
		return nil
	}
	return w.p.open.Changes(ctx, changed)
}

func (w *watching) Rows() ([]live.Row, error) {
	w.t.Renew(w.ctx, w.o.tokens)
	defer w.t.ReleaseKeys()
	holdings, failure := w.t.Codes(w.p.Now)
	w.holdings = holdings
	var rows []live.Row
	for _, h := range holdings {
		row := live.Row{Entry: h.Entry}
		if h.Code.IsZero() {
			row.Why = reasonWithout(h)
		}
		if w.o.hidden || !h.Account.IsHidden() {
			rows = append(rows, row)
		}
	}
	locked := 0
	for _, m := range w.t.Fleet {
		if _, err := m.Token(); errors.Is(err, oath.ErrLocked) {
			rows = append(rows, live.Row{Entry: oath.Entry{Account: oath.Account{Name: m.Name}}, Why: live.Locked})
			locked++
		}
	}
	if locked > 0 && errors.Is(failure, oath.ErrLocked) {
		failure = nil // the rows say so
	}
	return rows, errors.Join(failure, w.p.open.Remember())
}

func (w *watching) Code(id oath.ID) (oath.Code, error) {
	defer w.t.ReleaseKeys()
	for _, h := range w.holdings {
		if h.Account.ID() == id {
			code, _, err := h.ComputeCode(w.p.Now)
			return code, err
		}
	}
	return oath.Code{}, oath.ErrNotFound
}

func (w *watching) Copy(a oath.Account, code oath.Code) (said string, err error) {
	w.p.Terminal = w.terminal // which may have to copy
	defer func() { w.p.Terminal = nil }()
	c, err := w.p.startCopying(w.o.clearAfter)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.copy(w.ctx, a, code)
}

func (w *watching) Open(row live.Row) error {
	notes := w.p.Err
	w.p.Err, w.p.Terminal = w.messages, w.terminal
	defer func() { w.p.Err, w.p.Terminal = notes, nil }()
	defer w.t.ReleaseKeys()
	if w.t.HasVault() && w.t.Vault.Locked() && row.Account.Name != "" {
		for _, h := range w.holdings {
			if h.Account.ID() == row.Account.ID() {
				return w.t.Vault.Unlock()
			}
		}
	}
	w.t.Renew(w.ctx, w.o.tokens)
	for _, m := range w.t.Keys() {
		if m.Name == row.Account.Name {
			_, err := m.Token()
			return err
		}
	}
	return nil
}
