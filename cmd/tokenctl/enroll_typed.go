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
	term.GroupFlags(f, term.AccountFlags, "issuer", "account", "type", "algorithm", "digits", "period", "counter", "secret-stdin")
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
	if err := otpauth.CheckName(a.Label()); err != nil {
		return err
	}
	if a.IsSteam() != wasSteam {
		return term.Usagef("the issuer %q is only for Steam codes", oath.SteamIssuer)
	}
	return a.Validate()
}

// readTyped returns the account of the options, and asks for what they leave out. Who
// answers a question with a URI gets the accounts of that. A secret may be made instead.
func (p *program) readTyped(t typedAccount, generate bool) ([]otpauth.Key, error) {
	a, err := t.account()
	if err != nil {
		return nil, err
	}
	if a.Name == "" {
		if p.Terminal == nil {
			return nil, term.Usagef("nothing to enroll: name a SOURCE, or an --account")
		}
		if a.Issuer == "" {
			keys, err := p.askOrURI(t, "Service (may be empty)", p.Terminal.Ask, func(answer string) error {
				a.Issuer = answer
				a = a.WithDefaults()
				return validName(a.Issuer, "x")
			})
			if keys != nil || err != nil {
				return keys, err
			}
		}
		keys, err := p.askOrURI(t, "Account", p.Terminal.Ask, func(answer string) error {
			a.Name = answer
			return validName(a.Issuer, a.Name)
		})
		if keys != nil || err != nil {
			return keys, err
		}
	}
	if err := a.Validate(); err != nil {
		return nil, err
	}
	var secret oath.Secret
	if t.secretStdin || generate {
		if generate {
			secret, err = p.newSecret(a)
		} else {
			secret, err = p.readSecret()
		}
		if err != nil {
			return nil, err
		}
		return []otpauth.Key{{Account: a, Secret: secret}}, nil
	}
	keys, err := p.askOrURI(t, "Secret (base32; hidden)", p.Terminal.AskSecret, func(answer string) (err error) {
		secret, err = oath.ParseSecret(answer)
		return err
	})
	switch {
	case errors.Is(err, term.ErrNoTerminal):
		return nil, fmt.Errorf("the secret: %w", err)
	case keys != nil || err != nil:
		return keys, err
	}
	return []otpauth.Key{{Account: a, Secret: secret}}, nil
}

// validName reports what is wrong with a name before there is the rest of an account.
func validName(issuer, name string) error {
	a := oath.Account{Issuer: issuer, Name: name}.WithDefaults()
	if err := otpauth.CheckName(a.Label()); err != nil {
		return err
	}
	return a.Validate()
}

// askOrURI asks until an answer is taken, or is a URI: then it returns its accounts, and
// accountsOf's error.
func (p *program) askOrURI(t typedAccount, question string, ask func(string) (string, error), take func(answer string) error) ([]otpauth.Key, error) {
	for {
		answer, err := ask(question)
		if err != nil {
			return nil, err
		}
		_, failure := otpauth.Parse(answer)
		switch {
		case otpauth.IsURI(answer):
			var r otpauth.Reader
			keys, err := p.accountsOf(&r, []string{answer}, t)
			err = errors.Join(append([]error{err}, r.Incomplete()...)...)
			if len(keys) > 0 || errors.As(err, new(term.UsageError)) {
				p.Terminal.Show("That is a URI, which gives the rest as well. Clear the screen where it shows.")
				return keys, err
			}
			failure = err
		case errors.As(failure, new(*otpauth.AppError)):
		default:
			if failure = take(answer); failure == nil {
				return nil, nil
			}
		}
		p.Terminal.Show("%s. Please try again.", term.Sentence(failure))
	}
}

func (t typedAccount) account() (oath.Account, error) {
	a := oath.Account{Issuer: t.issuer, Name: t.name, Type: oath.TOTP, Digits: t.digits, Period: t.period, Counter: t.counter}
	if err := otpauth.CheckName(a.Label()); err != nil {
		return a, err
	}
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

// maxSecretLine bounds the line that a secret is read from, in bytes: base32 takes
// 8 characters for 5 bytes, and a space between groups of 4 is common.
const maxSecretLine = 4 * oath.MaxSecretSize

// readSecret reads the secret from standard input.
func (p *program) readSecret() (oath.Secret, error) {
	line, err := bufio.NewReader(io.LimitReader(p.In, maxSecretLine)).ReadString('\n')
	if err != nil && err != io.EOF {
		return oath.Secret{}, fmt.Errorf("reading the secret: %w", err)
	}
	if otpauth.IsURI(line) {
		return oath.Secret{}, term.Usagef("standard input has a URI, not a secret; leave out the options, and enroll it with: tokenctl enroll -")
	}
	return oath.ParseSecret(strings.TrimSpace(line))
}
