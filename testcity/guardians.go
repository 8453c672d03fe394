package testcity

// guardianRow is one row of the guardianships of a child.
type guardianRow struct {
	guardian int32
	custody  string
	role     string
	lives    bool
	since    int32
	until    int32 // 0: open
}

const (
	joint   = "joint"
	alone   = "sole"
	no      = "none"
	parent  = "parent"
	fosters = "foster"
	courts  = "guardian"
)

// guardians lists who acts for a child or lives with it.
func (c *city) guardians(kid int32) []guardianRow {
	h := &c.all[kid]
	if c.ofKid[kid] == none {
		return nil
	}
	f := &c.kin[c.ofKid[kid]]
	later := max(f.since, h.born+30)
	var rows []guardianRow
	add := func(p int32, custody, role string, lives bool, since int32) {
		if p != none {
			rows = append(rows, guardianRow{p, custody, role, lives, since, 0})
		}
	}
	switch f.form {
	case together:
		add(f.lives[0], joint, parent, true, h.born)
		add(f.lives[1], joint, parent, true, h.born)
	case apart:
		add(f.lives[0], joint, parent, true, h.born)
		add(f.away[0], joint, parent, false, h.born)
	case sole:
		add(f.lives[0], alone, parent, true, h.born)
		if f.widowed {
			add(f.away[0], joint, parent, false, h.born)
		} else {
			add(f.away[0], no, parent, false, h.born)
		}
	case foster:
		add(f.lives[0], no, fosters, true, later)
		add(f.lives[1], no, fosters, true, later)
		add(f.away[0], joint, parent, false, h.born)
		add(f.away[1], joint, parent, false, h.born)
	case appointed:
		add(f.lives[0], alone, courts, true, later)
	}
	return c.close(rows, kid, f)
}

// close ends the rows of the dead, and leaves a last guardian in sole custody.
func (c *city) close(rows []guardianRow, kid int32, f *family) []guardianRow {
	h := &c.all[kid]
	deciding := 0
	for i := range rows {
		g := &rows[i]
		if died := c.all[g.guardian].died; died != 0 && !f.open {
			g.until = max(died, g.since)
		}
		if h.died != 0 {
			g.until = max(g.since, h.died)
		}
		lives := c.resident(kid) && c.resident(g.guardian) || h.movedOut != 0 && h.movedOut == c.all[g.guardian].movedOut
		g.lives = g.lives && lives && h.died == 0
		if g.custody == joint && g.until == 0 {
			deciding++
		}
	}
	for i := range rows {
		if g := &rows[i]; deciding == 1 && g.custody == joint && g.until == 0 && !f.widowed {
			g.custody = alone
		}
	}
	return rows
}

func (c *city) hasDecider(kid int32) bool {
	for _, g := range c.guardians(kid) {
		if g.custody != no && g.until == 0 {
			return true
		}
	}
	return false
}
