//go:build linux

package main

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// A sample is an account of one kind.
type sample struct {
	id             string
	algorithm      string
	digits, period int
	secret         string // base32
}

// label is the ID without its period.
func (s sample) label() string { return s.id[strings.Index(s.id, "/")+1:] }

func (s sample) uri() string {
	return fmt.Sprintf("otpauth://totp/%s?secret=%s&algorithm=%s&digits=%d&period=%d", url.PathEscape(s.label()), s.secret, s.algorithm, s.digits, s.period)
}

// samples are accounts of all algorithms, digits, and several periods, with short,
// usual and long secrets in turn.
func samples(periods ...int) []sample {
	var all []sample
	sizes := []int{10, 16, 20, 32, 64, 65, 100}
	for _, algorithm := range []string{"SHA1", "SHA256", "SHA512"} {
		for digits := 6; digits <= 8; digits++ {
			for _, period := range periods {
				n := len(all)
				s := sample{algorithm: algorithm, digits: digits, period: period, secret: secretOf(sizes[n%len(sizes)], byte(n))}
				s.id = fmt.Sprintf("%s:digits%dperiod%d", algorithm, digits, period)
				if period != 30 {
					s.id = fmt.Sprintf("%d/%s", period, s.id)
				}
				all = append(all, s)
			}
		}
	}
	return all
}

// secretOf returns a secret of so many bytes, in base32.
func secretOf(size int, first byte) string {
	key := make([]byte, size)
	for i := range key {
		key[i] = first + byte(7*i)
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key)
}

func uris(all []sample) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintln(&b, s.uri())
	}
	return b.String()
}

// codesAt returns what tokenctl says are the codes at a time, by ID.
func codesAt(r *rig, unix int64) map[string]string {
	r.tb.Helper()
	var entries []struct{ ID, Code string }
	out := r.must("", "tokenctl", "code", "--json", "--at", strconv.FormatInt(unix, 10))
	if err := json.Unmarshal([]byte(out), &entries); err != nil {
		r.tb.Fatal(err)
	}
	codes := make(map[string]string)
	for _, e := range entries {
		codes[e.ID] = e.Code
	}
	return codes
}

// TestOathtool has oathtool compute every code anew.
func TestOathtool(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "oathtool")
	r := newRig(t)
	r.plug("key", 0, virtualkey.Config{})
	all := samples(1, 15, 30, 45, 60, 3600, 86400) // 63, and 64 fit
	r.must(uris(all), "tokenctl", "enroll", "-")
	for _, unix := range []int64{0, 59, 1111111109, 20000000000} {
		codes := codesAt(r, unix)
		for _, s := range all {
			want := r.must("", "oathtool", "--totp="+strings.ToLower(s.algorithm), "--base32",
				fmt.Sprintf("--digits=%d", s.digits), fmt.Sprintf("--time-step-size=%ds", s.period), fmt.Sprintf("--now=@%d", unix), s.secret)
			if codes[s.id]+"\n" != want {
				t.Errorf("%s at %d: %s, oathtool says %s", s.id, unix, codes[s.id], want)
			}
		}
	}
}

// TestOathtoolCounters has oathtool compute the codes of counters.
func TestOathtoolCounters(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "oathtool")
	r := newRig(t)
	r.plug("key", 0, virtualkey.Config{})
	for i, counter := range []uint64{0, 1, 9, 255, 65536, 1<<32 - 3} {
		digits := 6 + i%3
		secret := secretOf(10+9*i, byte(i))
		name := fmt.Sprintf("Counter:%d", counter)
		got := r.must(secret, "tokenctl", "enroll", "--type", "hotp", "--issuer", "Counter", "--account", fmt.Sprint(counter),
			"--counter", fmt.Sprint(counter), "--digits", fmt.Sprint(digits), "--secret-stdin")
		for n := counter; n < counter+3; n++ {
			if n > counter {
				got = r.must("", "tokenctl", "code", name)
			}
			want := r.must("", "oathtool", "--hotp", "--base32", fmt.Sprintf("--digits=%d", digits), fmt.Sprintf("--counter=%d", n), secret)
			if got != want {
				t.Errorf("counter %d: %s, oathtool says %s", n, got, want)
			}
		}
	}
}

// ykman returns a command of ykman for the key with the usual serial number. Its
// version 4 sees a YubiKey in the empty slot too, and so must be given the name.
func ykman(args ...string) []string {
	return slices.Concat([]string{"ykman", "--device", strconv.Itoa(virtualkey.DefaultSerial), "oath"}, args)
}

// ykmanCodes returns what ykman prints, by ID.
func ykmanCodes(r *rig, args ...string) map[string]string {
	r.tb.Helper()
	codes := make(map[string]string)
	for line := range strings.Lines(r.must("", ykman(append([]string{"accounts", "code"}, args...)...)...)) {
		if fields := strings.Fields(line); len(fields) == 2 {
			codes[fields[0]] = fields[1]
		}
	}
	return codes
}

// compareCodes compares what ykman says now with what tokenctl says of the same
// moment. That is some moment while ykman ran.
func compareCodes(t *testing.T, r *rig, all []sample) {
	t.Helper()
	began := time.Now().Unix()
	codes := ykmanCodes(r)
	ended := time.Now().Unix()
	var moments []map[string]string
	for unix := began; unix <= ended; unix++ {
		moments = append(moments, codesAt(r, unix))
	}
	for _, s := range all {
		got := codes[s.id]
		if got == "" || !slices.ContainsFunc(moments, func(m map[string]string) bool { return m[s.id] == got }) {
			t.Errorf("%s: ykman says %q, tokenctl %q", s.id, got, moments[0][s.id])
		}
	}
}

// TestYkmanReads has ykman read what tokenctl wrote.
func TestYkmanReads(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "ykman")
	r := newRig(t)
	r.plug("key", 0, virtualkey.Config{})
	all := samples(30, 60, 3600)
	r.must(uris(all)+davesHOTP, "tokenctl", "enroll", "-")
	r.must(erinsURI, "tokenctl", "enroll", "-", "--touch")
	compareCodes(t, r, all)

	list := r.must("", ykman("accounts", "list", "--oath-type", "--period")...)
	for _, line := range []string{"SHA1:digits6period30, TOTP, 30\n", "SHA512:digits8period3600, TOTP, 3600\n", "Bank:dave, HOTP", "Bank:erin, TOTP, 30\n"} {
		if !strings.Contains(list, line) {
			t.Errorf("ykman lists no %q:\n%s", line, list)
		}
	}
	if o := r.must("", ykman("accounts", "code")...); !strings.Contains(o, "[Requires Touch]") {
		t.Errorf("ykman shows no account that needs a touch:\n%s", o)
	}
	for _, want := range []string{"287082\n", "359152\n"} { // enrolling took the first one
		if got := r.must("", ykman("accounts", "code", "--single", "Bank:dave")...); got != want {
			t.Errorf("ykman counts to %q, want %q", got, want)
		}
	}
	if got := r.must("", "tokenctl", "code", "Bank:dave"); got != "969429\n" {
		t.Errorf("after ykman, tokenctl counts to %q", got)
	}
}

// TestYkmanWrites has tokenctl read what ykman wrote.
func TestYkmanWrites(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "ykman")
	r := newRig(t)
	r.plug("key", 0, virtualkey.Config{})
	all := samples(30, 45)
	kinds := []sample{all[0], all[3], all[9], all[16], all[17]}
	for _, s := range kinds {
		issuer, name, _ := strings.Cut(s.label(), ":")
		r.must("", ykman("accounts", "add", "--issuer", issuer, "--algorithm", s.algorithm, "--digits", fmt.Sprint(s.digits),
			"--period", fmt.Sprint(s.period), name, s.secret)...)
	}
	compareCodes(t, r, kinds)
	r.must("", ykman("accounts", "add", "--oath-type", "HOTP", "--counter", "1", "dave", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")...)
	r.must("", ykman("accounts", "uri", "--touch", erinsURI)...)
	if got := r.must("", "tokenctl", "code", "dave"); got != "287082\n" {
		t.Errorf("ykman's counter is at %q", got)
	}
	if got := r.must("", "tokenctl", "code", "Bank:erin", "--at", "59"); got != "287082\n" {
		t.Errorf("ykman's touch account has the code %q", got)
	}
	var accounts []accountJSON
	if err := json.Unmarshal([]byte(r.must("", "tokenctl", "list", "--json")), &accounts); err != nil {
		t.Fatal(err)
	}
	for _, s := range kinds {
		i := slices.IndexFunc(accounts, func(a accountJSON) bool { return a.ID == s.id })
		if i < 0 {
			t.Errorf("%s is not there", s.id)
			continue
		}
		if a := accounts[i]; a.Algorithm != s.algorithm || a.Digits != s.digits || a.Period != s.period {
			t.Errorf("%s is %+v", s.id, a)
		}
	}
}

// TestYkmanPassword opens with each tool what the other closed.
func TestYkmanPassword(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "ykman")
	r := newRig(t)
	r.plug("key", 0, virtualkey.Config{})
	r.must(aliceURI, "tokenctl", "enroll", "-")
	const ours, theirs = "Hallå världen!", "hunter2 \\ \"3"
	dir := t.TempDir()
	file := func(password string) string {
		path := filepath.Join(dir, fmt.Sprintf("%x", password))
		if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}

	r.must("", "tokenctl", "password", "set", "--new-password-file", file(ours))
	if o := r.run("", ykman("accounts", "list", "--password", theirs)...); o.status == 0 {
		t.Errorf("ykman takes any password: %v", o)
	}
	if got := r.must("", ykman("accounts", "list", "--password", ours)...); got != "GitHub:alice\n" {
		t.Errorf("ykman lists %q", got)
	}
	r.must("", ykman("access", "change", "--password", ours, "--new-password", theirs)...)
	if o := r.run("", "tokenctl", "list", "--password-file", file(ours)); o.status != term.ExitPassword {
		t.Errorf("tokenctl takes the old password: %v", o)
	}
	if got := r.must("", "tokenctl", "code", "GitHub:alice", "--at", "59", "--password-file", file(theirs)); got != "287082\n" {
		t.Errorf("tokenctl computes %q", got)
	}
	// Set as NFC here, and as NFD there.
	const composed, apart = "caf\u00e9", "cafe\u0301"
	r.must("", "tokenctl", "password", "set", "--password-file", file(theirs), "--new-password-file", file(apart))
	r.must("", ykman("access", "change", "--password", composed, "--new-password", apart)...)
	r.must("", "tokenctl", "list", "--password-file", file(composed))
	r.must("", "tokenctl", "password", "clear", "--yes", "--password-file", file(composed))
	r.must("", ykman("accounts", "list")...)
}
