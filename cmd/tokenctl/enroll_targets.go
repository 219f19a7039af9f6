package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// openTargets opens the tokens to enroll on.
func (p *program) openTargets(ctx context.Context, o enrollOptions) (*tokens, error) {
	t, err := p.openChosen(ctx, o)
	if isAbsence(err) && len(o.to) == 0 && !o.tokens.vault.none && !o.tokens.namesKey() {
		return p.beginWithout(ctx, o.tokens, err)
	}
	return t, err
}

// openChosen opens the tokens that the options choose: those of --to, or all.
func (p *program) openChosen(ctx context.Context, o enrollOptions) (*tokens, error) {
	if err := checkTargets(o.to); err != nil {
		return nil, err
	}
	if len(o.to) > 0 {
		o.tokens.noKeys = !slices.ContainsFunc(o.to, isKeyName)
		o.tokens.vault.none = !slices.Contains(o.to, vaultName)
	}
	t, err := p.openTokens(ctx, o.tokens, true)
	if err != nil || len(o.to) == 0 {
		return t, err
	}
	var chosen fleet.Fleet
	for _, name := range o.to {
		i := slices.IndexFunc(t.Fleet, func(m *fleet.Member) bool { return m.Name == name })
		if i < 0 {
			t.close()
			return nil, missingTarget(name)
		}
		chosen = append(chosen, t.Fleet[i])
	}
	t.Fleet = chosen
	return t, nil
}

// beginWithout leads to init who has neither a key nor a vault yet, and opens the
// tokens again.
func (p *program) beginWithout(ctx context.Context, o tokenOptions, noKey error) (*tokens, error) {
	if p.terminal == nil {
		return nil, fmt.Errorf("%w: %w", errNoToken, noKey)
	}
	p.note("There is neither a key nor a vault to enroll on. Here is how to begin:\n")
	if err := p.init(ctx, vaultInitOptions{dir: o.vault.dir}); err != nil {
		return nil, err
	}
	p.note("")
	return p.openTokens(ctx, o, true)
}

func checkTargets(names []string) error {
	for i, name := range names {
		if name != vaultName && !isKeyName(name) {
			return usagef("--to %q is neither key:SERIAL nor vault", name)
		}
		if slices.Contains(names[:i], name) {
			return usagef("--to names %s twice", name)
		}
	}
	return nil
}

func isKeyName(name string) bool {
	serial, found := strings.CutPrefix(name, "key:")
	return found && serial != "" && strings.Trim(serial, "0123456789") == ""
}

func missingTarget(name string) error {
	if name == vaultName {
		return vault.ErrNoVault
	}
	return fmt.Errorf("%w: none is %s", errNoSuchKey, name)
}
