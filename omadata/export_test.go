package omadata

// BeforeBlock calls do before each block of a review, with the number of the block
// from 1.
func BeforeBlock(s *Service, do func(n int)) { s.beforeBlock = do }
