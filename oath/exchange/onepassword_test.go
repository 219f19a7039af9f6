package exchange

import (
	"fmt"
	"strings"
	"testing"
)

func onePasswordSamples() []sample {
	item := func(title, user, state string, totp ...string) string {
		fields := `{"title":"PIN","id":"p","value":{"concealed":"1234"},"indexAtSource":0,"guarded":false,"multiline":false,"dontGenerate":false,"inputTraits":{"keyboard":"default","correction":"default","capitalization":"default"}},
			{"title":"mail","id":"m","value":{"email":{"email_address":"a@example.com","provider":null}}},{"title":"at","id":"d","value":{"date":1700000000}}`
		for i, text := range totp {
			fields += fmt.Sprintf(`,{"title":"one-time password","id":"TOTP_%d","value":{"totp":"%s"},"indexAtSource":1}`, i, text)
		}
		return `{"uuid":"fkruyzrldvizuqlnavfj3gltfe","favIndex":1,"createdAt":1614298956,"updatedAt":1635346445,"state":"` + state + `","categoryUuid":"001",
			"details":{"loginFields":[{"value":"` + user + `","id":"","name":"username","fieldType":"T","designation":"username"},{"value":"hunter2","id":"","name":"password","fieldType":"P","designation":"password"}],
			"notesPlain":"codes: 1234-5678","sections":[{"title":"","name":"","fields":[]},{"title":"Security","name":"Section_1","fields":[` + fields + `]}],"passwordHistory":[{"value":"old","time":1458322355}],"documentAttributes":null},
			"overview":{"subtitle":"` + user + `","icons":null,"title":"` + title + `","url":"https://example.com","urls":[{"label":"","url":"https://example.com"}],"tags":["a"],"pbe":86.1,"pgrng":true,"ps":100,"pwnedIgnore":null,"watchtowerExclusions":null}}`
	}
	vault := func(items ...string) string {
		return `{"attrs":{"uuid":"v","desc":"","avatar":"a.png","name":"Personal","type":"P"},"items":[` + strings.Join(items, ",") + `]}`
	}
	data := `{"accounts":[{"attrs":{"accountName":"W","name":"W","avatar":"","email":"w@example.com","uuid":"u","domain":"https://my.1password.com/"},"vaults":[` +
		vault(item("GitHub", "alice", "active", aliceSecret), item("only a password", "nobody", "active")) + "," +
		vault(item("two", "both", "archived", bobURI, carolURI), item("Empty", "e", "active", "otpauth://totp/e?secret="), `{"details":7}`, item("Steam", "dave", "active", daveURI)) + `]}]}`
	const codes = "codes: 1234-5678"
	want, refused := []Entry{noted(alice, codes), noted(bob, codes), noted(carol, codes), noted(dave, codes)}, []string{"Empty:e", "entry 3"}
	return []sample{
		{name: "1Password", format: "1Password", want: want, refused: refused,
			data: zipOf("export.attributes", `{"version":3,"description":"1Password Unencrypted Export","createdAt":1635346445}`, "export.data", data, "files/a__b.txt", "x")},
		{name: "1Password, unpacked", format: "1Password", want: want, refused: refused, data: []byte(data)},
	}
}

func TestOnePasswordArchive(t *testing.T) {
	got, err := Read(onePasswordSamples()[0].data, nil)
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "2") {
		t.Errorf("%q, %v", got.Warnings, err)
	}
}
