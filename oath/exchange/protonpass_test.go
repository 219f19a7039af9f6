package exchange

import (
	"strings"
	"testing"
)

func protonPassSamples() []sample {
	item := func(kind, name, state, content, extra string) string {
		return `{"itemId":"i==","shareId":"s==","data":{"metadata":{"name":"` + name + `","note":"codes: 1234-5678","itemUuid":"a1b2"},"extraFields":[` + extra + `],"platformSpecific":{"android":{"allowedApps":[]}},"type":"` + kind + `","content":` + content + `},
			"state":` + state + `,"aliasEmail":null,"contentFormatVersion":7,"createTime":1700000000,"modifyTime":1700000000,"pinned":false,"shareCount":0,"files":[]}`
	}
	login := func(user, totp string) string {
		return `{` + user + `,"password":"hunter2","urls":["https://example.com/"],"totpUri":"` + totp + `","passkeys":[]}`
	}
	const text, note = `{"fieldName":"PIN","type":"hidden","data":{"content":"1234"}}`, "codes: 1234-5678"
	data := `{"encrypted":false,"userId":"u==","version":"1.31.0","vaults":{
		"b==":{"name":"Work","description":"","display":{"icon":0,"color":0},"items":[` + strings.Join([]string{
		item("login", "Bank", "1", login(`"username":"carol"`, carolURI), ""),
		item("login", "gone", "2", login(`"itemUsername":"x","itemEmail":""`, aliceSecret), ""),
		item("login", "Empty", "1", login(`"itemUsername":"","itemEmail":"e"`, "otpauth://totp/e?secret="), ""),
		item("login", "wrong", "1", `{"totpUri":7}`, ""),
		item("custom", "Steam", "1", `{"sections":[]}`, text+`,{"fieldName":"TOTP","type":"totp","data":{"totpUri":"otpauth://steam/dave?secret=`+dave.Secret.Base32()+`"}}`),
	}, ",") + `]},
		"a==":{"name":"Personal","description":"","display":{"icon":0,"color":0},"items":[` + strings.Join([]string{
		item("login", "GitHub", "1", login(`"itemUsername":"alice","itemEmail":"a@example.com"`, aliceSecret), text),
		item("login", "just a password", "1", login(`"itemUsername":"nobody","itemEmail":""`, ""), ""),
		item("note", "A note", "1", `{}`, ""),
		item("creditCard", "A card", "1", `{"number":"4111","pin":"1234"}`, ""),
		item("login", "Example", "1", login(`"itemUsername":"","itemEmail":"bob@example.com"`, bobURI), ""),
	}, ",") + `]}}}`
	want, refused := []Entry{noted(alice, note), noted(bob, note), noted(carol, note), noted(dave, note)}, []string{"Empty:e", "wrong"}
	return []sample{
		{name: "Proton Pass", format: "Proton Pass", want: want, refused: refused, data: zipOf("Proton Pass/data.json", data)},
		{name: "Proton Pass, unpacked", format: "Proton Pass", want: want, refused: refused, data: []byte(data)},
	}
}

func TestProtonPassTrash(t *testing.T) {
	got, err := Read(protonPassSamples()[0].data, nil)
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "1") {
		t.Errorf("%q, %v", got.Warnings, err)
	}
}
