package exchange

import (
	"errors"
	"slices"
	"testing"
)

func lastPassSamples() []sample {
	entry := func(e Entry) map[string]any {
		return map[string]any{
			"accountID": "0b8e", "lmiUserId": "", "issuerName": e.Account.Issuer, "originalIssuerName": e.Account.Issuer, "userName": e.Account.Name, "originalUserName": "x",
			"pushNotification": false, "secret": e.Secret.Base32(), "timeStep": e.Account.Period, "digits": e.Account.Digits, "creationTimestamp": 1700000000000,
			"isFavorite": false, "algorithm": e.Account.Algorithm.String(), "folderData": map[string]any{"folderId": 0, "position": 0}, "backupInfo": nil,
		}
	}
	push := entry(account("LastPass", "me", nil))
	push["pushNotification"], push["secret"] = true, ""
	broken := entry(account("A", "base32", nil))
	broken["secret"] = "0189"
	export := func(version int, more map[string]any) []byte {
		more["version"], more["accounts"] = version, []any{entry(alice), entry(bob), push, entry(erin), broken}
		return object(more)
	}
	want, refused := []Entry{alice, bob, erin}, []string{"A:base32"}
	device := func() map[string]any {
		return map[string]any{"deviceId": "", "deviceSecret": "", "localDeviceId": "0b8e", "deviceName": "Pixel"}
	}
	folders := device()
	folders["folders"] = []any{map[string]any{"id": 0, "name": "Other", "isOpened": true}}
	return []sample{
		{name: "LastPass 1", format: "LastPass Authenticator", data: export(1, map[string]any{"localDeviceId": "0b8e"}), want: want, refused: refused},
		{name: "LastPass 2", format: "LastPass Authenticator", data: export(2, device()), want: want, refused: refused},
		{name: "LastPass 3", format: "LastPass Authenticator", data: export(3, folders), want: want, refused: refused},
	}
}

func TestLastPassVersions(t *testing.T) {
	c, err := Read([]byte(`{"version":4,"deviceId":"","accounts":[]}`), nil)
	if err != nil || !slices.ContainsFunc(c.Warnings, func(w string) bool { return len(w) > 0 }) {
		t.Errorf("newer: %+v, %v", c, err)
	}
	if _, err := Read([]byte(`{"version":"3","deviceId":"","accounts":[]}`), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("a version in words: %v", err)
	}
}
