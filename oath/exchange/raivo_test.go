package exchange

import (
	"fmt"
	"strings"
)

func raivoSamples() []sample {
	entry := func(e Entry) map[string]any {
		a := e.Account
		return map[string]any{
			"issuer": a.Issuer, "account": a.Name, "secret": strings.ToLower(e.Secret.Base32()), "algorithm": a.Algorithm.String(), "digits": fmt.Sprint(a.Digits),
			"kind": strings.ToUpper(a.Type.String()), "timer": fmt.Sprint(a.Period), "counter": fmt.Sprint(a.Counter), "pinned": "false", "iconType": "", "iconValue": "",
		}
	}
	bad := entry(account("A", "zero", nil))
	bad["digits"] = "0"
	return []sample{{
		name: "Raivo OTP", format: "Raivo OTP", data: object([]any{entry(alice), entry(bob), entry(carol), entry(erin), bad}),
		want: []Entry{alice, bob, carol, erin}, refused: []string{"A:zero"},
	}}
}
