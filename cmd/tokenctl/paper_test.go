//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/pquerna/otp"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// Every QR code of a sheet of fifty accounts that was printed and scanned is read by
// zbarimg and by what restore reads it with; and every account in it by another
// parser than ours, as by a phone's.
func TestPrintedSymbols(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "zbarimg")
	oathtest.RequireTool(t, "pdftoppm")
	accounts := append(samples(30, 15, 45, 60, 120), samplesAbroad...)
	h := home(t.TempDir())
	h.keep(t, accounts)
	printer := startPrinter(t, "office")
	h.print(t, printer, "tokenctl", "sheet", "--printer", "office", "--no-keys", "--vault-key-file", h.key())
	document, err := printer.take()
	printer.must(err)
	pages, err := scan(document, filepath.Join(string(h), "page"), 150)
	if err != nil {
		t.Fatal(err)
	}
	want := readAll(t, pages, readByZBar)
	sameAccounts(t, want, accounts)
	got := readAll(t, pages, func(tb testing.TB, page string) []string {
		img, err := readPicture(page)
		if err != nil {
			tb.Fatal(err)
		}
		return qr.Scan(img)
	})
	if !slices.Equal(got, want) {
		t.Errorf("%d QR codes are read by restore's reader, %d by zbarimg", len(got), len(want))
	}
}

// readAll returns the texts of the QR codes on some pages, each once.
func readAll(tb testing.TB, pages []string, read func(tb testing.TB, page string) []string) (texts []string) {
	tb.Helper()
	for _, page := range pages {
		texts = append(texts, read(tb, page)...)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// keep makes a vault with some accounts.
func (h home) keep(t *testing.T, accounts []sample) {
	t.Helper()
	out := h.must(t, "", "tokenctl", "vault", "init", "--no-passphrase")
	if err := os.WriteFile(h.key(), []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	var uris strings.Builder
	for _, s := range accounts {
		fmt.Fprintln(&uris, s.uri())
	}
	h.must(t, uris.String(), "tokenctl", "enroll", "-", "--to", "vault", "--vault-key-file", h.key())
}

// print runs a program that prints.
func (h home) print(t *testing.T, p *printer, args ...string) {
	t.Helper()
	c := h.command(args...)
	c.Env = append(c.Env, p.environment())
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// samplesAbroad have names that are not in ASCII.
var samplesAbroad = []sample{
	{id: "Банк:Ольга Ивановна", algorithm: "SHA1", digits: 6, period: 30, secret: secretOf(20, 101)},
	{id: "楽天:田中", algorithm: "SHA1", digits: 6, period: 30, secret: secretOf(20, 102)},
	{id: "Société Générale:joão@exemple.pt", algorithm: "SHA256", digits: 8, period: 30, secret: secretOf(32, 103)},
	{id: "بنك:ليلى", algorithm: "SHA1", digits: 6, period: 30, secret: secretOf(20, 104)},
	{id: "🔒 Safe & Sound #1:50% off?", algorithm: "SHA1", digits: 6, period: 30, secret: secretOf(20, 105)},
}

// readByZBar returns the texts of the QR codes on a page as zbarimg has them.
func readByZBar(tb testing.TB, page string) []string {
	tb.Helper()
	const nothing = 4 // zbarimg(1): no barcode was found
	var exit *exec.ExitError
	out, err := exec.Command("zbarimg", "--nodbus", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", page).Output()
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == nothing) {
		tb.Fatalf("zbarimg: %v", err)
	}
	return strings.FieldsFunc(string(out), func(c rune) bool { return c == '\n' })
}

// sameAccounts compares the accounts among some texts with those that were enrolled.
func sameAccounts(tb testing.TB, texts []string, accounts []sample) {
	tb.Helper()
	var got, want []string
	for _, text := range texts {
		if strings.HasPrefix(text, "otpauth:") {
			got = append(got, describeURI(tb, text))
		}
	}
	for _, s := range accounts {
		issuer, name, _ := strings.Cut(s.label(), ":")
		want = append(want, fmt.Sprintln("totp", issuer, name, s.secret, s.algorithm, s.digits, s.period))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		tb.Errorf("on paper are\n%s\nwant\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
}

// describeURI returns what another parser makes of a URI.
func describeURI(tb testing.TB, uri string) string {
	tb.Helper()
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintln(key.Type(), key.Issuer(), key.AccountName(), key.Secret(), key.Algorithm(), key.Digits(), key.Period())
}

// A sheet is typed in from paper, and in each line a mistake is made at first, which
// is noticed at once.
func TestTypedIn(t *testing.T) {
	t.Parallel()
	h := home(t.TempDir())
	accounts := append(samples(30)[3:6], samplesAbroad...)
	h.keep(t, accounts)
	h.must(t, "1. aaaaa-11111\n2. bbbbb-22222\n", "tokenctl", "backup", "add", "楽天:田中", "-", "--vault-key-file", h.key())
	lines := linesToType(h.must(t, "", "tokenctl", "sheet", "--output", "-", "--format", "txt", "--no-keys", "--vault-key-file", h.key()))
	if len(lines) < 2*len(accounts) {
		t.Fatalf("the sheet has %d lines", len(lines))
	}
	other := home(t.TempDir())
	talk, err := converse(other.command("tokenctl", "restore", "--type", "--no-keys", "--new-passphrase-command", "echo correct horse battery staple"), false, 400)
	if err != nil {
		t.Fatal(err)
	}
	defer talk.terminal.Close()
	say := func(line, answer string) {
		t.Helper()
		if err := errors.Join(talk.expect("Line: "), talk.write(line+"\n"), talk.expect(answer)); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(7, 0))
	for _, line := range lines {
		say(mistaken(line, random), "Please try again")
		say(line, "")
	}
	say("", "Found: 8 accounts, backup codes of 1 account and the vault's key")
	if err := errors.Join(talk.expect("a new vault"), talk.expect(`Go on\?`), talk.write("y\n")); err != nil {
		t.Fatal(err)
	}
	if status := talk.wait(); status != 0 {
		t.Fatalf("exit status %d\n%s", status, talk.transcript())
	}
	for _, list := range [][]string{{"tokenctl", "code", "--at", "59", "--no-keys", "--json"}, {"tokenctl", "backup", "list", "田中", "--show"}} {
		list = append(list, "--vault-key-file", h.key()) // the new vault has the old one's key
		if got, want := other.must(t, "", list...), h.must(t, "", list...); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

// linesToType returns the lines of a sheet in text as they are typed in.
func linesToType(sheet string) (lines []string) {
	line := regexp.MustCompile(`(?m)^ *(\d+)\| (?:\[ \] )?(.*  [A-Z2-7]{4})\b`)
	for _, found := range line.FindAllStringSubmatch(sheet, -1) {
		lines = append(lines, found[1]+" "+found[2])
	}
	return lines
}

// mistaken returns a line with one wrong letter or digit, of any but its number.
func mistaken(line string, random *rand.Rand) string {
	runes := []rune(line)
	for {
		i := strings.IndexByte(line, ' ') + random.IntN(len(runes)-strings.IndexByte(line, ' '))
		wrong := rune("ABCDEFGHJKMNPQRSTVWXYZ23456789"[random.IntN(30)])
		if unicode.In(runes[i], unicode.L, unicode.Nd) && unicode.ToUpper(runes[i]) != wrong {
			runes[i] = wrong
			return string(runes)
		}
	}
}
