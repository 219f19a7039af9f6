package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A typedAccount is an account that options and questions describe.
type typedAccount struct {
	issuer, name    string
	kind, algorithm string
	digits, period  int
	counter         uint64
	secretStdin     bool
}

func (t *typedAccount) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&t.issuer, "issuer", "", "the service's `NAME`")
	f.StringVar(&t.name, "account", "", "your account's `NAME` at the service")
	f.StringVar(&t.kind, "type", "", "`TYPE`: totp, hotp or steam (default totp)")
	f.StringVar(&t.algorithm, "algorithm", "", "`HASH`: SHA1, SHA256 or SHA512 (default SHA1)")
	f.IntVar(&t.digits, "digits", 0, "`N` digits make a code, 6 to 8 (default 6)")
	f.IntVar(&t.period, "period", 0, "`SECONDS` that a code lives (default 30)")
	f.Uint64Var(&t.counter, "counter", 0, "`N`, the first counter of an HOTP account")
	f.BoolVar(&t.secretStdin, "secret-stdin", false, "read the secret, in base32, from the first line of standard input")
	c.RegisterFlagCompletionFunc("type", cobra.FixedCompletions([]string{"totp", "hotp", "steam"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("algorithm", cobra.FixedCompletions([]string{"SHA1", "SHA256", "SHA512"}, cobra.ShellCompDirectiveNoFileComp))
}

// describesCodes reports whether an option is about the codes, not about the name.
func (t typedAccount) describesCodes() bool {
	return t.kind != "" || t.algorithm != "" || t.digits != 0 || t.period != 0 || t.counter != 0
}

// rename gives the one account of a source the issuer and name of the options.
func (t typedAccount) rename(keys []otpauth.Key) error {
	if (t.issuer == "" && t.name == "") || len(keys) == 0 {
		return nil
	}
	if len(keys) != 1 {
		return term.Usagef("--issuer and --account name one account, and there are %d", len(keys))
	}
	a := &keys[0].Account
	wasSteam := a.IsSteam()
	if t.issuer != "" {
		a.Issuer = t.issuer
	}
	if t.name != "" {
		a.Name = t.name
	}
	if a.IsSteam() != wasSteam {
		return term.Usagef("the issuer %q stands for Steam's codes, and for them alone", oath.SteamIssuer)
	}
	return a.Validate()
}

// readTyped returns the account of the options, and asks for what they leave out.
func (p *program) readTyped(t typedAccount) (otpauth.Key, error) {
	a, err := t.account()
	if err != nil {
		return otpauth.Key{}, err
	}
	if a.Name == "" {
		if a, err = p.askName(a); err != nil {
			return otpauth.Key{}, err
		}
	}
	if err := a.Validate(); err != nil {
		return otpauth.Key{}, err
	}
	secret, err := p.readSecret(t.secretStdin)
	return otpauth.Key{Account: a, Secret: secret}, err
}

func (t typedAccount) account() (oath.Account, error) {
	a := oath.Account{Issuer: t.issuer, Name: t.name, Type: oath.TOTP, Digits: t.digits, Period: t.period, Counter: t.counter}
	switch strings.ToLower(t.kind) {
	case "", "totp":
	case "hotp":
		a.Type = oath.HOTP
	case "steam":
		a.Issuer = oath.SteamIssuer
	default:
		return a, term.Usagef("--type %q must be one of totp, hotp, steam", t.kind)
	}
	switch strings.ToUpper(strings.ReplaceAll(t.algorithm, "-", "")) {
	case "", "SHA1":
	case "SHA256":
		a.Algorithm = oath.SHA256
	case "SHA512":
		a.Algorithm = oath.SHA512
	default:
		return a, term.Usagef("--algorithm %q must be one of SHA1, SHA256, SHA512", t.algorithm)
	}
	switch {
	case a.Type == oath.HOTP && t.period != 0:
		return a, term.Usagef("--period is for totp: a hotp code lives until it is used")
	case a.Type == oath.TOTP && t.counter != 0:
		return a, term.Usagef("--counter is for hotp")
	}
	return a.WithDefaults(), nil
}

func (p *program) askName(a oath.Account) (oath.Account, error) {
	if p.Terminal == nil {
		return a, term.Usagef("there is nothing to enroll: name a SOURCE, or an --account")
	}
	var err error
	if a.Issuer == "" {
		if a.Issuer, err = p.Terminal.Ask("Service (may be empty)"); err != nil {
			return a, err
		}
	}
	a.Name, err = p.Terminal.Ask("Account")
	return a.WithDefaults(), err
}

// maxSecretLine bounds the line that a secret is read from, in bytes: base32 takes
// 8 characters for 5 bytes, and a space between groups of 4 is common.
const maxSecretLine = 4 * oath.MaxSecretSize

func (p *program) readSecret(fromStdin bool) (oath.Secret, error) {
	if !fromStdin {
		text, err := p.Terminal.AskSecret("Secret (base32; it does not show)")
		if errors.Is(err, term.ErrNoTerminal) {
			return oath.Secret{}, fmt.Errorf("the secret: %w", err)
		}
		if err != nil {
			return oath.Secret{}, err
		}
		return oath.ParseSecret(text)
	}
	line, err := bufio.NewReader(io.LimitReader(p.In, maxSecretLine)).ReadString('\n')
	if err != nil && err != io.EOF {
		return oath.Secret{}, fmt.Errorf("reading the secret: %w", err)
	}
	return oath.ParseSecret(strings.TrimSpace(line))
}
