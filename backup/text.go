package backup

import "errors"

// MarshalText writes the record for a person to read, and for ParseRecord. It
// returns an error for a record that does not hold to the comments of Record, Set
// and Code.
func (r Record) MarshalText() ([]byte, error) { return nil, errors.ErrUnsupported }

// ParseRecord reads what MarshalText writes, also if a person edited it. It
// returns ErrDamaged, with the number of the line.
func ParseRecord(text []byte) (Record, error) { return Record{}, errors.ErrUnsupported }
