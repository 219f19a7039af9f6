package exchange

import (
	"encoding/json"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// LastPass Authenticator's export is a JSON object in the clear. Its three versions
// differ in what surrounds the accounts, such as folders.
//
// https://github.com/bitwarden/android, LastPassJsonExport.kt
var lastPass = format{
	name: "LastPass Authenticator",
	is: func(f *file) bool {
		return f.has("version", "accounts") && (f.has("deviceId") || f.has("localDeviceId") || f.has("deviceName") || f.has("folders"))
	},
	read: readLastPass,
}

const lastPassVersion = 3 // the newest

type lastPassAccount struct {
	Issuer    string `json:"issuerName"`
	Name      string `json:"userName"`
	Secret    string `json:"secret"`
	Digits    number `json:"digits"`
	Period    number `json:"timeStep"`
	Algorithm string `json:"algorithm"`
	Push      bool   `json:"pushNotification"` // LastPass's own sign-in, which may have no secret
}

func readLastPass(r *reader) error {
	var f struct {
		Version  int               `json:"version"`
		Accounts []json.RawMessage `json:"accounts"`
	}
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	if f.Version > lastPassVersion {
		r.warnNewer(f.Version)
	}
	decodeEach(r, f.Accounts, func(a lastPassAccount) {
		if a.Push && a.Secret == "" {
			return
		}
		r.add(otpauth.Fields{
			Issuer: a.Issuer, Name: a.Name, Secret: a.Secret, Algorithm: a.Algorithm,
			Digits: string(a.Digits), Period: string(a.Period),
		}, "")
	})
	return nil
}
