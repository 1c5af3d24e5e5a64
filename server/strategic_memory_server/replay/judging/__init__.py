"""What the advice was worth: trades, figures and differences under each rule."""
