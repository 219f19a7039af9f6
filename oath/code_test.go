package oath_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// rfcSecret is the secret of RFC 4226, appendix D; RFC 6238, appendix B, goes on
// with its digits up to the length of the hash.
const rfcSecret = "12345678901234567890"

func newSecret(t *testing.T, key string) oath.Secret {
	t.Helper()
	s, err := oath.NewSecret([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parseSecret(t *testing.T, text string) oath.Secret {
	t.Helper()
	s, err := oath.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compute(t *testing.T, a oath.Account, s oath.Secret, unix int64) string {
	t.Helper()
	code, err := oath.Compute(a.WithDefaults(), s, time.Unix(unix, 0))
	if err != nil {
		t.Fatal(err)
	}
	return code.Value
}

// RFC 4226, appendix D.
func TestHOTPVectors(t *testing.T) {
	s := newSecret(t, rfcSecret)
	for counter, want := range []string{
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	} {
		a := oath.Account{Name: "a", Type: oath.HOTP, Counter: uint64(counter)}
		if got := compute(t, a, s, 1<<40); got != want {
			t.Errorf("counter %d: got %s, want %s", counter, got, want)
		}
	}
}

// RFC 6238, appendix B, with its erratum: each hash has a secret of its length.
func TestTOTPVectors(t *testing.T) {
	times := []int64{59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000}
	for _, test := range []struct {
		algorithm oath.Algorithm
		size      int
		codes     []string
	}{
		{oath.SHA1, 20, []string{"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"}},
		{oath.SHA256, 32, []string{"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"}},
		{oath.SHA512, 64, []string{"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"}},
	} {
		s := newSecret(t, strings.Repeat(rfcSecret, 4)[:test.size])
		for i, want := range test.codes {
			for digits := 6; digits <= 8; digits++ {
				a := oath.Account{Name: "a", Algorithm: test.algorithm, Digits: digits}
				if got, want := compute(t, a, s, times[i]), want[8-digits:]; got != want {
					t.Errorf("%v at %d, %d digits: got %s, want %s", test.algorithm, times[i], digits, got, want)
				}
			}
		}
	}
}

// The first two are pyotp's own vectors, of its contrib.Steam.
func TestSteamVectors(t *testing.T) {
	for _, test := range []struct {
		secret string
		unix   int64
		want   string
	}{
		{"BASE32SECRET3232", 0, "2TC8B"},
		{"BASE32SECRET3232", 30, "YKKK4"},
		{"JBSWY3DPEHPK3PXP", 60, "7CMGR"},
		{"JBSWY3DPEHPK3PXP", 2000000000, "HNCVQ"},
	} {
		a := oath.Account{Issuer: oath.SteamIssuer, Name: "a"}
		if got := compute(t, a, parseSecret(t, test.secret), test.unix); got != test.want {
			t.Errorf("%s at %d: got %s, want %s", test.secret, test.unix, got, test.want)
		}
	}
}

// Secrets shorter than the hash and longer than its block. Values: oathtool
// --totp=ALGORITHM -d DIGITS -s PERIOD --now @1234567890, and --hotp.
func TestSecretSizesAndPeriods(t *testing.T) {
	long := make([]byte, 200)
	for i := range long {
		long[i] = byte(i)
	}
	totp := func(h oath.Algorithm, digits, period int) oath.Account {
		return oath.Account{Name: "a", Type: oath.TOTP, Algorithm: h, Digits: digits, Period: period}
	}
	hotp := func(counter uint64) oath.Account {
		return oath.Account{Name: "a", Type: oath.HOTP, Counter: counter}
	}
	for _, test := range []struct {
		secret  string
		account oath.Account
		want    string
	}{
		{"Hello!\xde\xad\xbe\xef", hotp(0), "282760"},
		{"Hello!\xde\xad\xbe\xef", hotp(1), "996554"},
		{"Hello!\xde\xad\xbe\xef", hotp(1 << 32), "512141"},
		{string(long), totp(oath.SHA1, 8, 30), "24826584"},
		{string(long), totp(oath.SHA256, 6, 30), "077861"},
		{string(long), totp(oath.SHA512, 7, 30), "0222859"},
		{string(long[:65]), totp(oath.SHA1, 8, 1), "59458677"},
		{string(long[:65]), totp(oath.SHA1, 8, 7), "98840371"},
		{string(long[:65]), totp(oath.SHA1, 8, 45), "49855875"},
		{string(long[:65]), totp(oath.SHA1, 8, 60), "94495489"},
		{string(long[:65]), totp(oath.SHA1, 8, oath.MaxPeriod), "14800021"},
	} {
		if got := compute(t, test.account, newSecret(t, test.secret), 1234567890); got != test.want {
			t.Errorf("%d bytes, %+v: got %s, want %s", len(test.secret), test.account, got, test.want)
		}
	}
}

func TestComputeRefusesInvalid(t *testing.T) {
	_, err := oath.Compute(oath.Account{Name: "a", Type: oath.TOTP}, newSecret(t, rfcSecret), time.Unix(0, 0))
	if !errors.Is(err, oath.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

func TestCodeValidity(t *testing.T) {
	at := time.Unix(1234567890, 0)
	totp := oath.Account{Name: "a", Period: 60}
	for _, test := range []struct {
		account     oath.Account
		at          time.Time
		from, until int64
	}{
		{totp, at, 1234567860, 1234567920},
		{totp, time.Unix(1234567919, 999999999), 1234567860, 1234567920},
		{totp, time.Unix(1234567920, 0), 1234567920, 1234567980},
		{oath.Account{Name: "a"}, at, 1234567890, 1234567920},
		{totp, time.Unix(-1, 0), 0, 60},
	} {
		code := test.account.NewCode("1", test.at)
		if code.From.Unix() != test.from || code.Until.Unix() != test.until {
			t.Errorf("at %d: valid from %d until %d, want %d and %d",
				test.at.Unix(), code.From.Unix(), code.Until.Unix(), test.from, test.until)
		}
	}
	code := totp.NewCode("123456", at)
	for after, want := range map[time.Duration]time.Duration{
		0:                                 30 * time.Second,
		30*time.Second - time.Millisecond: time.Millisecond,
		time.Minute:                       0,
	} {
		if got := code.Remaining(at.Add(after)); got != want {
			t.Errorf("%v later, %v remain, want %v", after, got, want)
		}
	}
	hotp := oath.Account{Name: "a", Type: oath.HOTP}.NewCode("123456", at)
	if !hotp.From.IsZero() || !hotp.Until.IsZero() || hotp.Remaining(at) != 0 {
		t.Errorf("an HOTP code has a time: %+v", hotp)
	}
	if hotp.IsZero() || !(oath.Code{}).IsZero() {
		t.Error("IsZero does not say whether there is a code")
	}
}

func TestTimeStep(t *testing.T) {
	for _, test := range []struct {
		period int
		unix   int64
		want   uint64
	}{
		{30, 59, 1}, {30, 60, 2}, {0, 59, 1}, {-1, 59, 1}, {1, 59, 59}, {30, -61, 0}, {30, 20000000000, 0x27BC86AA},
	} {
		if got := (oath.Account{Period: test.period}).TimeStep(time.Unix(test.unix, 0)); got != test.want {
			t.Errorf("period %d at %d: got %d, want %d", test.period, test.unix, got, test.want)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, test := range []struct {
		name string
		hmac []byte
		want uint32
		ok   bool
	}{
		// RFC 4226, section 5.4.
		{"the RFC's", []byte("\x1f\x86\x98\x69\x0e\x02\xca\x16\x61\x85\x50\xef\x7f\x19\xda\x8e\x94\x5b\x55\x5a"), 0x50ef7f19, true},
		{"the top bit", append(bytes.Repeat([]byte{0xff}, 19), 0xf0), 0x7fffffff, true},
		{"the last offset", append(bytes.Repeat([]byte{1}, 18), 0x02, 0x0f), 0x01010102, true},
		{"too short", make([]byte, 19), 0, false},
		{"nothing", nil, 0, false},
	} {
		got, ok := oath.Truncate(test.hmac)
		if got != test.want || ok != test.ok {
			t.Errorf("%s: got %#x %v, want %#x %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

func TestFormatCode(t *testing.T) {
	for _, test := range []struct {
		account oath.Account
		value   uint32
		want    string
	}{
		{oath.Account{Digits: 6}, 0x50ef7f19, "872921"}, // RFC 4226, section 5.4
		{oath.Account{Digits: 6}, 0xd0ef7f19, "872921"}, // a key that leaves the top bit
		{oath.Account{Digits: 6}, 872921, "872921"},     // a key that reduces
		{oath.Account{Digits: 8}, 42, "00000042"},
		{oath.Account{}, 1000042, "000042"},
		{oath.Account{Digits: -1}, 42, "000042"},
		{oath.Account{Digits: 9}, 0x7fffffff, "147483647"},
		{oath.Account{Digits: 10}, 0x7fffffff, "2147483647"},
		{oath.Account{Digits: 12}, 0x7fffffff, "002147483647"},
		{oath.Account{Issuer: "Steam", Digits: 8}, 0, "22222"},
		{oath.Account{Issuer: "Steam"}, 0x80000000 + 26 + 1, "33222"},
		{oath.Account{Issuer: "Steam", Type: oath.HOTP}, 1, "000001"},
		{oath.Account{Issuer: "steam"}, 1, "000001"},
	} {
		if got := test.account.FormatCode(test.value); got != test.want {
			t.Errorf("%+v, %#x: got %s, want %s", test.account, test.value, got, test.want)
		}
	}
}
