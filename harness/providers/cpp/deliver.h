// A received mail into a message object.
#pragma once

#include "mail.h"
#include "session.h"

// Everything but the last SaveChanges. Throws what a callback answered; nothing stays open.
void deliver_mail(Transfer& transfer, IMessage* message, const Mail& mail);
