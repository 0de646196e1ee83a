"""Who signs people in for us: OpenID providers, Feishu, DingTalk, WeCom."""
