package oath

import (
	"strconv"
	"strings"
)

// An ID names an account on a token, exactly as a hardware key stores it:
// [period/][issuer:]name (YKOATH, "PUT"). The period stands there only for TOTP
// and only if it is not 30 seconds. An ID read from a key may hold any bytes; it
// need not be UTF-8.
type ID string

// ID returns the account's name on a token.
//
// A name that would be misread keeps its meaning: "2024/report" with the usual
// period becomes "30/2024/report", which every client reads back as a period of
// 30 seconds.
func (a Account) ID() ID {
	label := a.Label()
	if a.Type == HOTP {
		return ID(label)
	}
	period := a.Period
	if period == 0 {
		period = DefaultPeriod
	}
	if period == DefaultPeriod {
		if p, rest := cutPeriod(label); p == DefaultPeriod && rest == label {
			return ID(label)
		}
	}
	return ID(strconv.Itoa(period) + "/" + label)
}

// Label returns the name to show: issuer:name, or the name alone.
func (a Account) Label() string {
	if a.Issuer == "" {
		return a.Name
	}
	return a.Issuer + ":" + a.Name
}

// Label returns the name to show: issuer:name, or the name alone, without a period.
func (id ID) Label() string { return id.Account(TypeUnknown).Label() }

// Account returns what an ID says of its account: issuer, name and, unless it
// is an HOTP account, the period. For every ID and type t,
// id.Account(t).ID() == id.
func (id ID) Account(t Type) Account {
	a := Account{Type: t}
	label := string(id)
	if t != HOTP {
		a.Period, label = cutPeriod(label)
	}
	a.Issuer, a.Name = cutIssuer(label)
	return a
}

// cutPeriod takes the period off an ID. A prefix that Account.ID would not have
// written belongs to the name, as in "0/foo", "007/foo" or "30/foo".
func cutPeriod(id string) (period int, label string) {
	prefix, rest, found := strings.Cut(id, "/")
	if !found || rest == "" {
		return DefaultPeriod, id
	}
	n, err := strconv.ParseUint(prefix, 10, 31)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != prefix {
		return DefaultPeriod, id
	}
	if n == DefaultPeriod {
		if _, inner := cutPeriod(rest); inner == rest {
			return DefaultPeriod, id
		}
	}
	return int(n), rest
}

// cutIssuer splits a label at its first colon, if something stands on both sides.
func cutIssuer(label string) (issuer, name string) {
	issuer, name, found := strings.Cut(label, ":")
	if !found || issuer == "" || name == "" {
		return "", label
	}
	return issuer, name
}
