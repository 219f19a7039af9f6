package recovery

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// RestoredCodes are an account's backup codes, with what became of them.
type RestoredCodes struct {
	ID     oath.ID
	Record backup.Record
	Kept   ledger.Keeping
	Err    error
}

// RestoreCodes records the backup codes of a sheet: in the vault if the store has one,
// else by their numbers, since they are on paper. Those that hide what is left are among
// the results with [backup.ErrHides], unless mayReplace says that they may replace it.
func RestoreCodes(s *store.Store, c sheet.Contents, mayReplace func(oath.ID) bool) ([]RestoredCodes, error) {
	if len(c.Codes) > 0 && s.Damaged != nil {
		return nil, s.Damaged
	}
	plan := planCodes(c, s.Vault != nil)
	if len(plan) == 0 {
		return nil, nil
	}
	err := s.Together(func() {
		for i, one := range plan {
			plan[i].Record, plan[i].Err = s.Restore(one.ID, one.Kept, one.Record, false)
			if errors.Is(plan[i].Err, backup.ErrHides) && mayReplace(one.ID) {
				plan[i].Record, plan[i].Err = s.Restore(one.ID, one.Kept, one.Record, true)
			}
		}
	})
	for i := range plan {
		if plan[i].Kept == ledger.OnPaper {
			plan[i].Err = cmp.Or(plan[i].Err, err)
		}
	}
	if err != nil && s.Vault != nil { // the vault has them, and the ledger learns it from there
		s.Warn(err)
	}
	return plan, nil
}

func planCodes(c sheet.Contents, vault bool) (all []RestoredCodes) {
	kept := ledger.OnPaper
	if vault {
		kept = ledger.InVault
	}
	for _, id := range slices.Sorted(maps.Keys(c.Codes)) {
		all = append(all, RestoredCodes{ID: id, Record: c.Codes[id], Kept: kept})
	}
	return all
}

// A Plan is what restoring a sheet would do.
type Plan struct {
	Accounts []fleet.Plan
	Codes    []RestoredCodes
}

// PlanRestore finds out which accounts are on which tokens, and changes nothing. Backup
// codes that RestoreCodes would refuse have the error, if there is a store to ask. The
// error is about tokens that could not be asked.
func PlanRestore(c sheet.Contents, tokens fleet.Fleet, vault bool, s *store.Store, now fleet.Clock) (Plan, error) {
	plan := Plan{Codes: planCodes(c, vault)}
	for i, codes := range plan.Codes {
		if s != nil {
			plan.Codes[i].Err = s.Hides(codes.ID, codes.Record)
		}
	}
	for _, k := range c.Accounts {
		plan.Accounts = append(plan.Accounts, fleet.Plan{Account: k.Account, Secret: k.Secret})
	}
	return plan, tokens.Foresee(plan.Accounts, now)
}
