"""WeChat Pay v3: Native payment, closing, refunds, and the wallet a person pays from."""
