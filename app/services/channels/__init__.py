"""Bots in messengers: WeCom, Feishu or Lark, DingTalk."""
