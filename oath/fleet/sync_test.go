package fleet_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestForeseeSync(t *testing.T) {
	first, second := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
	put(t, first, one, "same taken new")
	put(t, first, one+"a", "reshaped")
	put(t, second, one, "same")
	put(t, second, other, "taken")
	put(t, second, one+"b", "before stray")
	put(t, second, one+"c", "twice-a")
	if err := second.Put(oath.Account{Name: "reshaped", Digits: 8}.WithDefaults(), secret(t, one+"a")); err != nil {
		t.Fatal(err)
	}
	if err := second.Put(oath.Account{Name: "touched", Touch: true}.WithDefaults(), secret(t, one)); err != nil {
		t.Fatal(err)
	}
	var plans []fleet.Plan
	for _, p := range []struct{ id, key string }{
		{"same", one}, {"taken", one}, {"new", one}, {"reshaped", one + "a"}, {"after", one + "b"}, {"also-after", one + "b"}, {"after-too", one + "b"},
		{"twice-a", one + "c"}, {"twice-b", one + "c"}, {"touched", one}, {strings.Repeat("long", 20), one},
	} {
		plans = append(plans, fleet.Plan{Account: totp(oath.ID(p.id)), Secret: secret(t, p.key)})
	}
	plans = append(plans, fleet.Plan{Account: hotp("a counter"), Secret: secret(t, one+"b")})
	f := fleet.Fleet{member("key:1", first), member("key:2", second)}
	strays, err := f.ForeseeSync(plans, fleet.Comparison{Now: fleet.At(now), Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	fates := [...]string{fleet.Absent: "absent", fleet.Same: "same", fleet.Taken: "taken", fleet.Present: "present", fleet.Unfit: "unfit", fleet.Moved: "moved"}
	var got []string
	for _, p := range plans {
		for _, forecast := range p.Forecasts {
			if forecast.Member.Name == "key:2" {
				got = append(got, fmt.Sprintf("%.10s=%s%s", p.Account.ID(), fates[forecast.Fate], forecast.From))
			}
		}
	}
	// Two accounts can come of the same secret: each old name is given to one of them.
	const want = "same=same taken=taken new=absent reshaped=taken after=movedbefore also-after=absent after-too=movedstray " +
		"twice-a=same twice-b=absent touched=present longlonglo=unfit a counter=absent"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	if len(strays) != 0 {
		t.Errorf("strays: %+v", strays)
	}
	strays, err = f.ForeseeSync(plans[:1], fleet.Comparison{Now: fleet.At(now), Random: rand.Reader})
	if err != nil || len(strays) != 9 {
		t.Errorf("got %d strays, %v", len(strays), err)
	}
}
