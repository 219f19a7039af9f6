package exchange

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// The texts that password managers keep: URIs with what is special, and bare secrets.
var (
	aliceSecret = strings.ToLower(alice.Secret.Base32())
	bobURI      = "otpauth://totp/Example%20%26%20S%C3%B6hne:bob@example.com?secret=" + bob.Secret.Base32() + "&issuer=Example%20%26%20S%C3%B6hne&algorithm=SHA256&digits=8&period=60"
	carolURI    = "otpauth://hotp/Bank:carol?secret=" + carol.Secret.Base32() + "&counter=7&issuer=Bank"
	daveURI     = "steam://" + dave.Secret.Base32()
)

func noted(e Entry, notes string) Entry { e.Notes = notes; return e }

func csvSamples() (s []sample) {
	want := []Entry{noted(alice, "codes: \"1234-5678\",\nand more"), bob, carol, dave}
	// Each has the columns of the program; a row without a one-time password, one with an
	// empty secret, and notes of two lines with quotes and commas.
	for _, program := range []struct {
		name, header string
		row          func(title, user, totp, notes string) string
	}{
		{"Bitwarden CSV", "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp",
			func(title, user, totp, notes string) string {
				return "Work,1,login," + title + "," + notes + ",\"x: 1\ny: 2\",0,https://example.com," + user + ",hunter2," + totp
			}},
		{"Bitwarden CSV", "collections,type,name,notes,fields,reprompt,archivedDate,login_uri,login_username,login_password,login_totp",
			func(title, user, totp, notes string) string {
				return "Team,login," + title + "," + notes + ",,0,,," + user + ",hunter2," + totp
			}},
		{"KeePassXC CSV", `"Group","Title","Username","Password","URL","Notes","TOTP","Icon","Last Modified","Created"`,
			func(title, user, totp, notes string) string {
				if notes == "" {
					notes = `""`
				}
				return `"Root/Internet",` + title + `,"` + user + `","hunter2","",` + notes + `,"` + totp + `","0","2024-01-02T03:04:05Z","2024-01-02T03:04:05Z"`
			}},
		{"LastPass CSV", "url,username,password,totp,extra,name,grouping,fav",
			func(title, user, totp, notes string) string {
				return "http://sn," + user + ",hunter2," + totp + "," + notes + "," + title + ",Mail,0"
			}},
		{"1Password CSV", "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes",
			func(title, user, totp, notes string) string {
				return title + ",https://example.com," + user + ",hunter2," + totp + ",false,true,a;b," + notes
			}},
		{"Apple Passwords CSV", "Title,URL,Username,Password,Notes,OTPAuth",
			func(title, user, totp, notes string) string {
				return title + ",https://example.com/," + user + ",hunter2," + notes + "," + totp
			}},
		{"Proton Pass CSV", "type,name,url,email,username,password,note,totp,createTime,modifyTime,vault",
			func(title, user, totp, notes string) string {
				return "login," + title + ",https://example.com," + user + ",,hunter2," + notes + "," + totp + ",1700000000,1700000000,Personal"
			}},
		{"Proton Pass CSV", "type,name,url,username,password,note,totp",
			func(title, user, totp, notes string) string {
				return "login," + title + ",https://example.com," + user + ",hunter2," + notes + "," + totp
			}},
	} {
		rows := []string{program.header,
			program.row(`"GitHub"`, "alice", aliceSecret, "\"codes: \"\"1234-5678\"\",\nand more\""),
			program.row(`"no, thanks"`, "nobody", "", `"just a password"`),
			program.row(`"Example & Söhne"`, "bob@example.com", bobURI, ""),
			program.row(`"Empty"`, "e", "otpauth://totp/x?secret=", ""),
			program.row(`"Bank"`, "somebody else", carolURI, ""),
			program.row(`"Steam"`, "dave", daveURI, "")}
		name := program.name + " " + fmt.Sprint(strings.Count(program.header, ","))
		s = append(s, sample{name: name, format: program.name, want: want, refused: []string{"Empty:e"},
			data: []byte(strings.Join(rows, "\n") + "\n")})
		s = append(s, sample{name: name + " from Windows", format: program.name, want: want, refused: []string{"Empty:e"},
			data: []byte("\ufeff" + strings.Join(rows, "\r\n"))})
	}
	authenticator := "folder,favorite,type,name,login_uri,login_totp\n" +
		",,1,\n" +
		",,1,My game,," + daveURI + ",My game,30,5\n" +
		",,1,Example & Söhne,," + bobURI + ",Example & Söhne,60,8\n" +
		",,1,Bank, or not,," + carolURI + ",Bank, or not,30,6\n" +
		",,1,GitHub,,otpauth://totp/GitHub:alice?issuer=GitHub&secret=" + aliceSecret + "\n"
	game := entryOf(dave, func(e *Entry) { e.Account.Name = "My game" })
	seeds := `"Group","Title","Username","Password","URL","Notes","TOTP","TOTP Seed","TOTP Settings"` + "\n" +
		`"Root/Recycle Bin/Old","gone","x","hunter2","","","` + carolURI + `","",""` + "\n" +
		`"Root","Shop","x","hunter2","","","","` + dave.Secret.Base32() + `","thirty"` + "\n" +
		`"Root","Steam","dave","hunter2","","","","` + dave.Secret.Base32() + `","30;S;https://example.com"` + "\n" +
		`"Root","GitHub","alice","hunter2","","","","` + aliceSecret + `","30;6"` + "\n"
	shuffled := "login_totp,name,login_username,type,notes\n" + aliceSecret + ",GitHub,alice,login,\n"
	return append(s,
		sample{name: "Bitwarden Authenticator CSV", format: "Bitwarden CSV", data: []byte(authenticator), want: []Entry{game, bob, carol, alice}, refused: []string{"line 2"}},
		sample{name: "KeePassXC CSV with seeds", format: "KeePassXC CSV", data: []byte(seeds), want: []Entry{dave, alice}, refused: []string{"Shop:x"}},
		sample{name: "Bitwarden CSV, shuffled", format: "Bitwarden CSV", data: []byte(shuffled), want: []Entry{alice}},
	)
}

func TestCSVRefuses(t *testing.T) {
	const header = "Title,URL,Username,Password,Notes,OTPAuth\n"
	for _, tt := range []struct {
		name, text string
		want       error
	}{
		{"an open quote", header + `a,,b,c,"d,` + aliceSecret + "\n", ErrDamaged},
		{"a quote within", header + `a,,b,c"d,e,` + aliceSecret + "\n", ErrDamaged},
		{"a column twice", "Title,URL,Username,Password,Notes,OTPAuth,OTPAuth\n", ErrUnknown},
		{"no column of passwords", "Title,URL,Username,Password,Notes\na,b,c,d,e\n", ErrUnknown},
	} {
		_, err := Read([]byte(tt.text), nil)
		if !errors.Is(err, tt.want) || strings.Contains(err.Error(), aliceSecret) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	archived, err := Read([]byte("Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nGitHub,,alice,x,"+aliceSecret+",false,true,,\n"), nil)
	if err != nil || len(archived.Entries) != 1 || len(archived.Warnings) != 1 {
		t.Errorf("%+v, %v", archived, err)
	}
}

// TestCSVNames writes names that a table could make something else of.
func TestCSVNames(t *testing.T) {
	for _, name := range []string{"=1+1", `a"b`, "a,b", "ü", strings.Repeat("n", 10_000)} {
		want := entryOf(alice, func(e *Entry) { e.Account.Name, e.Account.Issuer, e.Notes = name, name, name })
		data, _, err := Write("csv", []Entry{want}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(data, nil)
		if err != nil || !reflect.DeepEqual(got.Entries, []Entry{want}) {
			t.Errorf("%.20q: %+v, %v", name, got, err)
		}
	}
}
